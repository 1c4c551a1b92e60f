import assert from 'node:assert/strict';
import test from 'node:test';
import { chart, stepOf } from './chart.js';

const svg = chart({ title: 'CPU & time', note: 'n', bars: [{ group: 'a', label: 'one <b>', value: 10, part: 2 }, { group: 'b', label: 'two', value: 5, part: 0 }] });

test("a bar's length is its value's, and its part's is the part's", () => {
  const widths = (kind) => [...svg.matchAll(new RegExp(`class="${kind}" [^>]*width="([\\d.]+)"`, 'g'))].map((found) => Number(found[1]));
  const [one, two] = widths('bar');
  assert.ok(Math.abs(one / two - 2) < 0.01);
  assert.deepEqual(widths('part').map((width) => Math.round((10 * width) / one)), [2]);
});

test('labels are text, whatever is in them', () => {
  assert.match(svg, /one &lt;b&gt;/);
  assert.match(svg, /aria-label="CPU &amp; time"/);
});

test('a dark page has colours of its own', () => {
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('an axis has at most five steps, of round numbers', () => {
  assert.deepEqual([5, 12, 40, 99].map(stepOf), [1, 5, 10, 20]);
});
