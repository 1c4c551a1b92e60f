// The console's own parts of kinds, by kind. A kind's name stands in its file only.
import { kinesis } from './kinesis';
import type { KindParts } from './parts';

const ALL: readonly KindParts[] = [kinesis];

export function partsOf(kind: string): Partial<KindParts> {
  return ALL.find((parts) => parts.kind === kind) ?? {};
}
