import { expect, it } from 'vitest';
import { diffLines, linesOf } from './diff';

it('shows what was removed and what was added', () => {
  expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd']).map(({ text, change }) => `${change} ${text}`)).toEqual(['same a', 'removed b', 'added x', 'same c', 'added d']);
});
it('shows a new document as added, and a deleted one as removed', () => {
  expect(diffLines([], ['a']).map((line) => line.change)).toEqual(['added']);
  expect(diffLines(['a'], []).map((line) => line.change)).toEqual(['removed']);
});
it('omits links and trailing commas', () => expect(linesOf({ _links: {}, on: true, version: 2 })).toEqual(['{', '  "on": true', '  "version": 2', '}']));
