// A table of measurements: printed, and with SLUICE_UPDATE_BENCHMARKS=1 written into docs/benchmarks.md between
// `<!-- name -->` and `<!-- /name -->`.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repository } from '../integration/lib/paths.js';

const page = path.join(repository, 'docs/benchmarks.md');

export function printTable(name, header, rows) {
  const commit = execFileSync('git', ['-C', repository, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = `${os.cpus()[0].model}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}, commit ${commit}:`;
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const text = [machine, '', ...lines].join('\n');
  console.log(`\n${text}\n`);
  if (process.env.SLUICE_UPDATE_BENCHMARKS !== '1') return;
  const between = new RegExp(`(<!-- ${name} -->\n)[^]*(<!-- /${name} -->)`);
  const old = readFileSync(page, 'utf8');
  assert.match(old, between, `${page} has the markers <!-- ${name} --> and <!-- /${name} -->`);
  writeFileSync(page, old.replace(between, (_, begin, end) => `${begin}${text}\n${end}`));
}
