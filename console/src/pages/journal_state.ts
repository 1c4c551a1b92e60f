// How the journal's room is doing: amber under a day, red under two hours, as docs/states-and-remedies.md says.
import type { Journal } from '../api/types';

const AMBER_MS = 24 * 3_600_000;
const RED_MS = 2 * 3_600_000;

export function journalState(journal: Journal): { tone: 'green' | 'amber' | 'red'; left: number | null } {
  if (journal.freeBytes <= 0) return { tone: 'red', left: 0 };
  const left = journal.fullInMs ?? null;
  if (left === null) return { tone: 'green', left };
  return { tone: left < RED_MS ? 'red' : left < AMBER_MS ? 'amber' : 'green', left };
}
