// The result of a check or a save: below the form, scrolled into view when it arrives.
import { useEffect, useRef, type ReactNode } from 'react';

export function DrawerResult({ of, children }: { of: unknown; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (of) box.current?.scrollIntoView({ block: 'nearest' });
  }, [of]);
  return <div className="drawer-result" ref={box}>{children}</div>;
}
