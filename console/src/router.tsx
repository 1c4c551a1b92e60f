// Pages by address, on the History API. Every page lives under /console/.
import { useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

const BASE = '/console';
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}

// Path below the base, with a leading slash, and the query.
const here = () => location.pathname.slice(BASE.length) + location.search;

export interface Place {
  path: string;
  parts: string[];
  query: URLSearchParams;
}

export function usePlace(): Place {
  const text = useSyncExternalStore(subscribe, here);
  return useMemo(() => {
    const [path = '/', search = ''] = text.split('?');
    return { path: path || '/', parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(search) };
  }, [text]);
}

export function go(to: string, { replace = false } = {}): void {
  if (here() === to) return;
  if (replace) history.replaceState(null, '', BASE + to);
  else history.pushState(null, '', BASE + to);
  listeners.forEach((listener) => listener());
}

export const pathTo = (...parts: string[]) => `/${parts.map(encodeURIComponent).join('/')}`;

// Keeps the page, changes its query: what is open, the search text.
export function goQuery(change: Record<string, string | null>, options?: { replace?: boolean }): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(location.pathname.slice(BASE.length) + (text ? `?${text}` : ''), options);
}

export function Link({ to, onClick, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a {...rest} href={BASE + to} onClick={follow} />;
}
