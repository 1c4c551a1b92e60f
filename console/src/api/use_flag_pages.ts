// Flags, loaded page by page as they come into view: the server searches and sorts.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { flags } from './calls';
import { onReturn } from './connection';
import type { Flag } from './types';

const PAGE = 100;
const FRESH_MS = 10_000;

export interface FlagPages {
  total: number | undefined;
  flag: (index: number) => Flag | undefined;
  loaded: Flag[];
  view: (first: number, last: number) => void;
  refresh: () => void;
  error: unknown;
}

interface State {
  of: string;
  total?: number;
  pages: Map<number, Flag[]>;
  error?: unknown;
}

export function useFlagPages(project: string, env: string, text: string, sort: string): FlagPages {
  const wanted = JSON.stringify([project, env, text, sort]);
  const [state, setState] = useState<State>({ of: '', pages: new Map() });
  const [turn, setTurn] = useState(0);
  const [seen, setSeen] = useState<[number, number]>([0, 0]);
  const requested = useRef<{ of: string; pages: Set<number>; abort: AbortController }>(undefined);
  const refresh = useCallback(() => setTurn((now) => now + 1), []);
  const view = useCallback((first: number, last: number) => setSeen([Math.floor(first / PAGE), Math.floor(Math.max(last - 1, first) / PAGE)]), []);

  useEffect(() => onReturn(refresh), [refresh]);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && refresh(), FRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);

  useEffect(() => {
    const of = `${wanted}#${turn}`;
    if (requested.current?.of !== of) {
      requested.current?.abort.abort();
      requested.current = { of, pages: new Set(), abort: new AbortController() };
    }
    const { pages, abort } = requested.current;
    for (let page = seen[0]; page <= seen[1]; ++page) {
      if (pages.has(page)) continue;
      pages.add(page);
      flags.page(project, { env, limit: PAGE, offset: page * PAGE, text, sort }, abort.signal).then(
        ({ items, totalCount }) => {
          // A server without paging sends all.
          const mine = items.length > PAGE ? items.slice(page * PAGE, (page + 1) * PAGE) : items;
          setState((before) => {
            const same = before.of === wanted;
            return { of: wanted, total: totalCount, pages: new Map([...(same ? before.pages : []), [page, mine]]) };
          });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          pages.delete(page);
          setState((before) => ({ ...(before.of === wanted ? before : { of: wanted, pages: new Map<number, Flag[]>() }), error }));
        },
      );
    }
  }, [wanted, project, env, text, sort, turn, seen]);
  useEffect(() => () => requested.current?.abort.abort(), []);

  const loaded = useMemo(() => [...state.pages.values()].flat(), [state.pages]);
  // Earlier results stay visible until the answer arrives.
  return {
    total: state.total,
    flag: (index) => state.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    loaded,
    view,
    refresh,
    error: state.error,
  };
}
