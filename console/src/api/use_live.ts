// The latest events of an environment as the server sends them (server-sent events). The browser reconnects by itself and
// resumes after the last event that it received.
import { useEffect, useRef, useState } from 'react';
import { events as calls } from './calls';
import { markReachable, markUnreachable } from './connection';
import { ApiError } from './http';
import type { ExportedEvent } from './types';

const KEPT = 1_000;
// New events are shown in batches at this interval: rendering each of thousands a second would be too slow.
const SHOW_EVERY_MS = 200;
// Retry interval after the stream was refused for a temporary reason.
const RETRY_MS = 5_000;

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
  const [hidden, setHidden] = useState(document.hidden);
  const last = useRef<string>(undefined);

  // A browser allows few connections to one server: a hidden page holds none.
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);

  useEffect(() => {
    if (paused || hidden) return;
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const abort = new AbortController();
    let arrived: ExportedEvent[] = [];
    const show = () => {
      if (arrived.length === 0) return;
      const newest = arrived.reverse();
      arrived = [];
      setEvents((before) => [...newest, ...before].slice(0, KEPT));
    };
    const showing = setInterval(show, SHOW_EVERY_MS);
    const open = () => {
      source = new EventSource(calls.stream(project, environment, last.current));
      source.onopen = () => {
        markReachable();
        setLoaded(true);
        setError(undefined);
      };
      source.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
        last.current = lastEventId;
        arrived.push(JSON.parse(data) as ExportedEvent);
      };
      source.addEventListener('ended', ({ data }: MessageEvent<string>) => {
        source?.close();
        const { code, message } = JSON.parse(data) as { code: string; message: string };
        setError(new ApiError(410, code, message));
      });
      source.onerror = () => {
        if (source?.readyState !== EventSource.CLOSED) return markUnreachable();
        // A refused event stream carries no message; a plain request for the same address does.
        calls.after(project, environment, { limit: 1 }, abort.signal).then(
          () => setError(new ApiError(429, 'rate_limited', 'The limit of live event viewers is reached. This page retries by itself.')),
          (caught: unknown) => !abort.signal.aborted && setError(caught),
        );
        again = setTimeout(open, RETRY_MS);
      };
    };
    open();
    return () => {
      abort.abort();
      source?.close();
      clearTimeout(again);
      clearInterval(showing);
      show();
    };
  }, [project, environment, paused, hidden]);

  return { events, loaded, error };
}
