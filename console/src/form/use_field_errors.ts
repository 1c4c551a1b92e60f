// The errors that a destination form shows at its fields: the server's, and what the description of a field finds once the
// field was left or the form was sent.
import { useCallback, useState } from 'react';
import { faultsOf } from '../api/field_faults';
import { messageOf } from '../api/http';
import type { DestinationKind } from '../api/types';
import { partsOf } from '../kinds';
import { faultNames, ownFaults, type DestinationValues, type Faults } from './destination_values';

export interface FieldErrors {
  errors: Faults;
  // Of the server: whether there are some at fields, and what belongs to no field.
  atFields: boolean;
  rest: string;
  left: (name: string) => void;
  sent: () => void;
}

export function useFieldErrors(kind: DestinationKind, values: DestinationValues, error: unknown): FieldErrors {
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = useState(false);
  const left = useCallback((name: string) => setSeen((before) => (before.has(name) ? before : new Set([...before, name]))), []);
  const sent = useCallback(() => setAll(true), []);
  const server = error ? faultsOf(messageOf(error), faultNames(kind)) : { fields: {}, rest: '' };
  const own = Object.entries(ownFaults(kind, values, partsOf(kind.kind).joined)).filter(([name]) => all || seen.has(name));
  return { errors: { ...Object.fromEntries(own), ...server.fields }, atFields: Object.keys(server.fields).length > 0, rest: server.rest, left, sent };
}
