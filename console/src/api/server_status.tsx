// The server's status, read once for all pages.
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { server } from './calls';
import { isReachable, watchConnection } from './connection';
import { useLoad, type Loaded } from './use_load';
import type { ServerStatus } from './types';

const EVERY_MS = 2_000;
const StatusContext = createContext<Loaded<ServerStatus> | null>(null);

export function ServerStatusProvider({ signedIn, children }: { signedIn: boolean; children: ReactNode }) {
  const status = useLoad(server.status, { everyMs: EVERY_MS, when: signedIn });
  return <StatusContext.Provider value={status}>{children}</StatusContext.Provider>;
}

export function useServerStatus(): Loaded<ServerStatus> {
  const status = useContext(StatusContext);
  if (!status) throw new Error('useServerStatus must be used inside ServerStatusProvider');
  return status;
}

export function useReachable(): boolean {
  return useSyncExternalStore(watchConnection, isReachable);
}

// The current time, updated at an interval: for relative times.
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
