// The latest events of an environment, asked for each second.
import { useEffect, useRef, useState } from 'react';
import { events as calls } from './calls';
import { isReachable } from './connection';
import type { ExportedEvent } from './types';

const EVERY_MS = 1_000;
const KEPT = 1_000;
const PAGE = 100;

export interface Live {
  // Newest first.
  events: ExportedEvent[];
  loaded: boolean;
  error: unknown;
}

export function useLive(project: string, environment: string, paused: boolean): Live {
  const [events, setEvents] = useState<ExportedEvent[]>([]);
  const [loaded, setLoaded] = useState(false);
  const [error, setError] = useState<unknown>();
  const next = useRef<string>(undefined);

  useEffect(() => {
    if (paused) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      let wait = EVERY_MS;
      try {
        if (isReachable() && !document.hidden) {
          const page = await calls.after(project, environment, { limit: PAGE, ...(next.current !== undefined && { after: next.current }) }, abort.signal);
          if (page.next !== undefined && page.next !== null) next.current = String(page.next);
          setLoaded(true);
          setError(undefined);
          if (page.items.length > 0) {
            setEvents((before) => {
              const known = new Set(before.map((event) => event.position));
              return [...page.items.filter((event) => !known.has(event.position)).reverse(), ...before].slice(0, KEPT);
            });
          }
          // There are more already.
          if (page.items.length >= PAGE) wait = 0;
        }
      } catch (caught) {
        if (abort.signal.aborted) return;
        setError(caught);
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void ask(), wait);
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [project, environment, paused]);

  return { events, loaded, error };
}
