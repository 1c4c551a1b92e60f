// No case takes 3 % more instructions an event than expected.json says: README.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { runUnderCallgrind } from './callgrind.js';
import { compareCase } from './compare.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const build = path.join(here, '../../build/release');
const expectedFile = path.join(here, 'expected.json');
const accept = process.env.SLUICE_ACCEPT_INSTRUCTIONS === '1';
const program = process.env.SLUICE_COUNTED_PATH ?? path.join(build, 'counted_path');
// A function below this is not written down; a new one that costs 3 % is far above it.
const LEAST_WORTH_TELLING = 5;
// Their code does not depend on the processor. What Sluice's own code calls there, such as malloc, counts as its own.
const isCounted = (library) => library === path.basename(program) || /^(libc|libstdc\+\+|libm)\.so/.test(library);

const firstLine = (command, ...options) => execFileSync(command, options, { encoding: 'utf8' }).split('\n')[0];
function toolchain() {
  const compiler = /^CMAKE_CXX_COMPILER:\w+=(.+)$/m.exec(readFileSync(path.join(build, 'CMakeCache.txt'), 'utf8'))[1];
  return `${firstLine(compiler, '--version').replace(/^\S+ /, 'g++ ')}, ${firstLine('getconf', 'GNU_LIBC_VERSION')}, ${firstLine('valgrind', '--version')}`;
}

function perEvent(dump, events) {
  const each = (map) => [...map].map(([name, count]) => [name, Math.round(count / events)]);
  const counted = [...dump.functions.values()].reduce((sum, count) => sum + count, 0);
  return {
    instructions: Math.round(counted / events),
    libraries: Object.fromEntries(each(dump.objects).filter(([name, count]) => !isCounted(name) && name !== path.basename(program) && count >= LEAST_WORTH_TELLING).toSorted()),
    functions: Object.fromEntries(each(dump.functions).filter(([, count]) => count >= LEAST_WORTH_TELLING).toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
  };
}

const hasAvx2 = / avx2 /.test(readFileSync('/proc/cpuinfo', 'utf8'));
const skip = !hasAvx2 && 'valgrind shows programs a processor with AVX2 only where there is one: the figures hold for those';

test('no case takes 3 % more instructions an event than is expected', { skip, timeout: 600_000 }, async (t) => {
  const { output, dumps } = await runUnderCallgrind(program, isCounted);
  const cases = {};
  for (const [, name, events] of output.matchAll(/^(\S+) events (\d+) /gm)) cases[name] = perEvent(dumps.find((dump) => dump.name === name), Number(events));
  assert.notEqual(Object.keys(cases).length, 0, output);
  const tools = toolchain();
  if (accept) {
    writeFileSync(expectedFile, `${JSON.stringify({ toolchain: tools, processor: os.cpus()[0].model, cases }, null, 1)}\n`);
    for (const [name, { instructions }] of Object.entries(cases)) t.diagnostic(`${name}: ${instructions} instructions an event, accepted`);
    return;
  }
  const expected = JSON.parse(readFileSync(expectedFile, 'utf8'));
  assert.deepEqual(Object.keys(expected.cases), Object.keys(cases), 'the cases that were accepted are those that are counted');
  const differs = expected.toolchain === tools ? '' : `with ${expected.toolchain}; here it is ${tools}`;
  const found = Object.keys(cases).map((name) => compareCase(name, expected.cases[name], cases[name], differs));
  for (const { ok, text } of found) if (ok) t.diagnostic(text);
  const failures = found.filter(({ ok }) => !ok);
  assert.ok(failures.length === 0, `\n${failures.map(({ text }) => text).join('\n\n')}\n`);
});
