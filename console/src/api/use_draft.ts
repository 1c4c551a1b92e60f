// A form's text that survives a reload, a sign-out and a restart of the server: in this tab's storage only.
import { useCallback, useEffect, useRef, useState } from 'react';

const PREFIX = 'sluice-draft:';

function stored<T extends object>(key: string, initial: T, secrets: readonly (keyof T)[]): T {
  try {
    const text = sessionStorage.getItem(PREFIX + key);
    if (!text) return initial;
    const kept = { ...initial, ...(JSON.parse(text) as Partial<T>) };
    for (const secret of secrets) kept[secret] = initial[secret];
    return kept;
  } catch {
    return initial;
  }
}

// `secrets`: fields that are never stored.
export function useDraft<T extends object>(key: string, initial: T, secrets: readonly (keyof T)[] = []) {
  const [value, setValue] = useState(() => stored(key, initial, secrets));
  const start = useRef(initial);
  const hidden = useRef(secrets);

  useEffect(() => {
    try {
      const shown = Object.fromEntries(Object.entries(value).filter(([name]) => !hidden.current.includes(name as keyof T)));
      if (JSON.stringify(value) === JSON.stringify(start.current)) sessionStorage.removeItem(PREFIX + key);
      else sessionStorage.setItem(PREFIX + key, JSON.stringify(shown));
    } catch {
      // Storage is not available: the draft lives as long as the page.
    }
  }, [key, value]);

  const set = useCallback((change: Partial<T>) => setValue((before) => ({ ...before, ...change })), []);
  const forget = useCallback(() => {
    try {
      sessionStorage.removeItem(PREFIX + key);
    } catch {
      // as above
    }
    setValue(start.current);
  }, [key]);
  const dirty = JSON.stringify(value) !== JSON.stringify(start.current);
  return { value, set, forget, dirty };
}
