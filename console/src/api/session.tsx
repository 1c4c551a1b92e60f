// Who is signed in. When a session ends, the page stays as it is, below the sign-in.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { session as calls } from './calls';
import { ApiError, messageOf, onExpiry, UNREACHABLE } from './http';
import { onReturn } from './connection';
import type { Caller } from './types';

type Phase = 'loading' | 'out' | 'in' | 'expired';

export interface Session {
  phase: Phase;
  caller: Caller | null;
  fault: string;
  mayWrite: boolean;
  mayAdmin: boolean;
  signIn: (token: string) => Promise<void>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession must be used inside SessionProvider');
  return session;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [phase, setPhase] = useState<Phase>('loading');
  const [caller, setCaller] = useState<Caller | null>(null);
  const [fault, setFault] = useState('');

  const ask = useCallback(async () => {
    try {
      setCaller(await calls.caller());
      setFault('');
      setPhase('in');
    } catch (error) {
      const silent = error instanceof ApiError && error.code === UNREACHABLE;
      if (!silent) setPhase((now) => (now === 'loading' ? 'out' : now === 'in' ? 'expired' : now));
      setFault(error instanceof ApiError && error.status === 401 ? '' : messageOf(error));
    }
  }, []);

  useEffect(() => void ask(), [ask]);
  useEffect(() => onExpiry(() => setPhase((now) => (now === 'in' ? 'expired' : now))), []);
  useEffect(() => onReturn(() => void ask()), [ask]);

  const session = useMemo<Session>(() => {
    const role = caller?.role;
    return {
      phase,
      caller,
      fault,
      mayWrite: role === 'writer' || role === 'admin' || role === 'custom',  // the server enforces custom roles
      mayAdmin: role === 'admin',
      signIn: async (token) => {
        await calls.begin(token);
        setCaller(await calls.caller());
        setFault('');
        setPhase('in');
      },
      signOut: async () => {
        await calls.end();
        setCaller(null);
        setPhase('out');
      },
    };
  }, [phase, caller, fault]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}
