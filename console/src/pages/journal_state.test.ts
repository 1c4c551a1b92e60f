import { expect, it } from 'vitest';
import { journalState } from './journal_state';

const journal = { storedBytes: 1, capacityBytes: 10, freeBytes: 9, oldestAgeMs: 0 };

it('is green without an end in sight', () => expect(journalState({ ...journal, fullInMs: null })).toEqual({ tone: 'green', left: null }));
it('is amber under a day and red under two hours', () => {
  expect(journalState({ ...journal, fullInMs: 25 * 3_600_000 }).tone).toBe('green');
  expect(journalState({ ...journal, fullInMs: 23 * 3_600_000 }).tone).toBe('amber');
  expect(journalState({ ...journal, fullInMs: 3_600_000 }).tone).toBe('red');
});
it('is red when it is full', () => expect(journalState({ ...journal, freeBytes: 0 })).toEqual({ tone: 'red', left: 0 }));
