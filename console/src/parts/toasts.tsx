// Short messages about what was done, announced by screen readers.
import { useSyncExternalStore } from 'react';

interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 5_000;
let notes: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  notes = next;
  listeners.forEach((listener) => listener());
}

export function notify(text: string): void {
  const id = ++last;
  set([...notes.slice(-2), { id, text }]);
  setTimeout(() => set(notes.filter((note) => note.id !== id)), SHOWN_MS);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notes,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((note) => (
        <div key={note.id} className="toast">{note.text}</div>
      ))}
    </div>
  );
}
