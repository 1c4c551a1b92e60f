// The parts of a page under docs/ that a test writes: what stands between two marks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repository } from './paths.js';

export const tableText = (header, rows) => [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

// The machine, and what was run on it.
export function machineText() {
  const commit = execFileSync('git', ['-C', repository, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}, commit ${commit}`;
}

// `file`: from the repository's root. The marks are `<!-- NAME: … -->` and `<!-- end of NAME -->`, each on a line of its own.
export function writePart(file, name, text) {
  const page = path.resolve(repository, file);
  const old = readFileSync(page, 'utf8');
  const part = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*(<!-- end of ${name} -->)`);
  assert.match(old, part, `${page} has the marks <!-- ${name}: … --> and <!-- end of ${name} -->`);
  writeFileSync(page, old.replace(part, (_, begin, end) => `${begin}\n${text}\n\n${end}`));
}
