// Loads data for a page; again when its inputs change, at an interval, and when the server is reachable again.
import { useCallback, useEffect, useState } from 'react';
import { isReachable, onReturn } from './connection';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

interface Options {
  everyMs?: number;
  // false: do not load yet.
  when?: boolean;
}

// `load` must change only when its inputs do: wrap it in useCallback.
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, { everyMs, when = true }: Options = {}): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; of?: unknown }>({});
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((now) => now + 1), []);

  useEffect(() => {
    if (!when) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      try {
        const data = await load(abort.signal);
        if (!abort.signal.aborted) setState({ data, of: load });
      } catch (error) {
        // Earlier data stays visible while the server is unreachable.
        if (!abort.signal.aborted) setState((before) => (before.of === load ? { ...before, error } : { error, of: load }));
      }
      if (!abort.signal.aborted && everyMs) timer = setTimeout(beat, everyMs);
    };
    const beat = () => {
      if (document.hidden || !isReachable()) timer = setTimeout(beat, everyMs);
      else void run();
    };
    void run();
    const forget = onReturn(() => {
      clearTimeout(timer);
      void run();
    });
    return () => {
      abort.abort();
      clearTimeout(timer);
      forget();
    };
  }, [load, everyMs, when, turn]);

  const mine = state.of === load;
  return {
    data: mine ? state.data : undefined,
    error: mine ? state.error : undefined,
    loading: when && !mine,
    reload,
  };
}
