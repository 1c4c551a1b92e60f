// What a run of the campaign comes to: acknowledged, lost, twice, recovered in; and the table of all runs.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const rows = [];

// Every acknowledged event must be in the stream, whatever came twice under one id.
export async function compare(records, acknowledged) {
  const idOf = new Map();
  let twice = 0;
  for await (const record of records) {
    const { key, id } = JSON.parse(record).event;
    const known = idOf.get(key);
    if (known === undefined) idOf.set(key, id);
    else if (known === id) twice += 1;
    else throw new Error(`the event ${key} came under two ids, ${known} and ${id}: consumers cannot recognise it`);
  }
  return { lost: [...acknowledged].filter((key) => !idOf.has(key)), twice };
}

export function addRow(row) {
  rows.push(row);
}

const grouped = (number) => number.toLocaleString('en-US');
const inSeconds = (ms) => (ms === undefined ? '' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`);

export function table() {
  const lines = [
    '| fault | runs | events accepted | lost | twice | recovered in, at most | what is shown |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(({ fault, runs, accepted, lost, twice, recoveredMs, note }) =>
      `| ${fault} | ${grouped(runs)} | ${grouped(accepted)} | ${grouped(lost)} | ${grouped(twice)} | ${inSeconds(recoveredMs)} | ${note} |`),
  ];
  return `${lines.join('\n')}\n`;
}

const BEGIN = '<!-- campaign: this part is written by the command -->';
const END = '<!-- end of campaign -->';

// Into docs/reliability.md, between its two marks.
export function writeTable(file, { seed, scale, repository }) {
  const commit = execFileSync('git', ['-C', repository, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}`;
  const page = path.resolve(repository, file);
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${page} has no place for the table: ${BEGIN} … ${END}`);
  const part = `${BEGIN}\n\n${machine}, commit ${commit}, scale ${scale}, seed ${seed}:\n\n${table()}\n`;
  writeFileSync(page, text.slice(0, begin) + part + text.slice(end));
}
