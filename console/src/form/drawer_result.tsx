// What a check or a save answered: below the form, and brought into view when it comes.
import { useEffect, useRef, type ReactNode } from 'react';

export function DrawerResult({ of, children }: { of: unknown; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (of) box.current?.scrollIntoView({ block: 'nearest' });
  }, [of]);
  return <div className="drawer-result" ref={box}>{children}</div>;
}
