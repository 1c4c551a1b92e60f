// A chart of bars as SVG, readable on a light and on a dark page: docs/images/NAME.svg, with SLUICE_UPDATE_BENCHMARKS=1. No library: a bar is
// a rectangle.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../integration/lib/paths.js';

const WIDTH = 860, LABELS = 300, VALUES = 60, BAR = 16, GAP = 6, GROUP_GAP = 12, TOP = 40, BOTTOM = 52;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 14px } .note { fill: #59636e; font-size: 12px }
  .bar { fill: #7cb3f0 } .part { fill: #1f5fa8 } .axis { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 } .bar { fill: #3d75b5 } .part { fill: #a5d0ff } .axis { stroke: #3d444d }
  }`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

// The next of 1, 2, 5, 10, … that `most` is at most five of.
export function stepOf(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 5);
}

// `bars`: { group, label, value, part }; `part` of the value is drawn in another colour. Bars of one group stand together.
export function chart({ title, note, bars }) {
  const most = Math.max(...bars.map(({ value }) => value));
  const x = (value) => LABELS + (value / most) * (WIDTH - LABELS - VALUES);
  const lines = [];
  let y = TOP;
  for (const [i, { group, label, value, part }] of bars.entries()) {
    if (i > 0) y += bars[i - 1].group === group ? GAP : GROUP_GAP;
    const middle = y + BAR - 4;
    lines.push(`<text x="${LABELS - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="bar" x="${LABELS}" y="${y}" width="${(x(value) - LABELS).toFixed(1)}" height="${BAR}"/>`,
      ...(part ? [`<rect class="part" x="${LABELS}" y="${y}" width="${(x(Math.min(part, value)) - LABELS).toFixed(1)}" height="${BAR}"/>`] : []),
      `<text x="${(x(value) + 6).toFixed(1)}" y="${middle}">${value.toFixed(2)}</text>`);
    y += BAR;
  }
  const axis = [];
  for (let at = 0, step = stepOf(most); at <= most; at += step)
    axis.push(`<line class="axis" x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="${TOP - 6}" y2="${y + 4}"/>`, `<text class="note" x="${x(at).toFixed(1)}" y="${y + 18}" text-anchor="middle">${at}</text>`);
  const height = y + BOTTOM;
  return [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`, `<text class="title" x="${LABELS}" y="20">${escaped(title)}</text>`, ...axis, ...lines,
    `<text class="note" x="${LABELS}" y="${y + 42}">${escaped(note)}</text>`, '</svg>', ''].join('\n');
}

export function writeChart(name, content) {
  if (process.env.SLUICE_UPDATE_BENCHMARKS !== '1') return;
  writeFileSync(path.join(repository, 'docs/images', `${name}.svg`), chart(content));
}
