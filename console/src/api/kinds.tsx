// The kinds of destinations that the server has, read once for all pages.
import { createContext, useContext, type ReactNode } from 'react';
import { server } from './calls';
import type { DestinationKind } from './types';
import { useLoad, type Loaded } from './use_load';

const KindsContext = createContext<Loaded<{ items: DestinationKind[] }> | null>(null);

export function KindsProvider({ signedIn, children }: { signedIn: boolean; children: ReactNode }) {
  const kinds = useLoad(server.kinds, { when: signedIn });
  return <KindsContext.Provider value={kinds}>{children}</KindsContext.Provider>;
}

export function useKinds(): Loaded<{ items: DestinationKind[] }> {
  const kinds = useContext(KindsContext);
  if (!kinds) throw new Error('useKinds must be used inside KindsProvider');
  return kinds;
}

// Undefined while they are loading, and for a kind that the server does not have.
export function useKind(name: string | null | undefined): DestinationKind | undefined {
  return useKinds().data?.items.find(({ kind }) => kind === name);
}
