import { expect, it } from 'vitest';
import { diffLines, linesOf } from './diff';

it('tells what went and what came', () => {
  expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd']).map(({ text, change }) => `${change} ${text}`)).toEqual(['same a', 'gone b', 'came x', 'same c', 'came d']);
});
it('shows a new thing as come, and a deleted one as gone', () => {
  expect(diffLines([], ['a']).map((line) => line.change)).toEqual(['came']);
  expect(diffLines(['a'], []).map((line) => line.change)).toEqual(['gone']);
});
it('leaves links out, and commas that only follow', () => expect(linesOf({ _links: {}, on: true, version: 2 })).toEqual(['{', '  "on": true', '  "version": 2', '}']));
