// A part of a form that is folded until something in it is set or wrong.
import { useEffect, useState, type ReactNode } from 'react';

interface Props {
  title: string;
  hint: string;
  set: boolean;
  fault: boolean;
  children: ReactNode;
}

export function Fold({ title, hint, set, fault, children }: Props) {
  const [shown, setShown] = useState(set || fault);
  // A part with an error or a value is open; it never closes by itself.
  useEffect(() => {
    if (set || fault) setShown(true);
  }, [set, fault]);
  return (
    <details className="fold" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <strong>{title}</strong> <span className="small dim">{hint}</span>
      </summary>
      <div className="form fold-body">{children}</div>
    </details>
  );
}
