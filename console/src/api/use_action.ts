// An action of a button: whether it runs, and its error.
import { useCallback, useState } from 'react';

export interface Action<Args extends unknown[]> {
  run: (...args: Args) => Promise<void>;
  running: boolean;
  error: unknown;
  clear: () => void;
}

export function useAction<Args extends unknown[]>(act: (...args: Args) => Promise<void>): Action<Args> {
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async (...args: Args) => {
    setRunning(true);
    setError(undefined);
    try {
      await act(...args);
    } catch (caught) {
      setError(caught);
    } finally {
      setRunning(false);
    }
  };
  return { run, running, error, clear: useCallback(() => setError(undefined), []) };
}
