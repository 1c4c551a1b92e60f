// Runs a program under callgrind, and reads what it counted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

// libc chooses how it compares texts by the processor: told to take the plain form (SSE2), it executes the same instructions on every
// machine. What copies and searches is the program's own (memory_functions.cc).
const TUNABLES = 'glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-SSSE3,-SSE4_1,-SSE4_2';
const MEMORY_FUNCTIONS = new Set(['memcpy', 'memmove', 'memset', 'memcmp', 'memchr']);

const shortened = (name) => name.replaceAll('std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >', 'std::string')
  .replaceAll('std::basic_string_view<char, std::char_traits<char> >', 'std::string_view').replaceAll('[abi:cxx11]', '');
const add = (map, key, cost) => map.set(key, (map.get(key) ?? 0) + cost);

// One dump: { name, objects: Map(library → instructions), functions: Map(function of `program` → instructions) }. What a function has others do
// for it that copy, handle strings or give memory (of libraries: those that `isCounted`) is its own cost: "memcpy took more" would not say who copies.
// The lines are `ob=(1) /path/of/library`, `fn=(2) name`, then `line cost`; behind `cob=`, `cfn=` and `calls=` comes `line cost` of that call.
export function readDump(text, program, isCounted) {
  const names = { ob: new Map(), fn: new Map() };
  const dump = { name: /^desc: Trigger: Client Request: (.+)$/m.exec(text)?.[1], objects: new Map(), functions: new Map() };
  const at = { ob: '?', fn: '?' };
  let callee = {}, ofCallee = false;
  const helps = ({ ob, fn }) => (ob === program ? MEMORY_FUNCTIONS.has(fn) || fn.startsWith('std::string::') : isCounted(ob));
  for (const line of text.split('\n')) {
    const named = /^(c?)(ob|fn)=\((\d+)\)(?: (.*))?$/.exec(line);
    if (named) {
      const [, ofCall, kind, number, name] = named;
      if (name) names[kind].set(number, kind === 'ob' ? path.basename(name) : shortened(name));
      (ofCall ? callee : at)[kind] = names[kind].get(number);
    } else if (line.startsWith('calls=')) {
      ofCallee = true;
    } else {
      const cost = Number(/^[-+*\d]\S* (\d+)$/.exec(line)?.[1] ?? NaN);
      if (Number.isNaN(cost)) continue;
      if (!ofCallee) add(dump.objects, at.ob, cost);
      const isOwn = at.ob === program && at.fn !== '(below main)' && !helps(at);
      if (isOwn && (!ofCallee || helps({ ob: at.ob, ...callee }))) add(dump.functions, at.fn, cost);
      if (ofCallee) callee = {};
      ofCallee = false;
    }
  }
  return dump;
}

// Resolves to what the program printed and its dumps. Of the environment it gets nothing else: what is in it lies in its memory.
export async function runUnderCallgrind(program, isCounted) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'instructions-'));
  try {
    const child = spawn('valgrind', ['--tool=callgrind', '--collect-atstart=no', `--callgrind-out-file=${path.join(folder, 'out')}`, program],
      { env: { PATH: process.env.PATH, LC_ALL: 'C', GLIBC_TUNABLES: TUNABLES }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '', errors = '';
    child.stdout.on('data', (chunk) => { output += chunk; });
    child.stderr.on('data', (chunk) => { errors += chunk; });
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`valgrind ${program} ended with status ${status}:\n${errors}${output}`);
    const dumps = [];
    for (const file of await readdir(folder)) {
      const dump = readDump(await readFile(path.join(folder, file), 'utf8'), path.basename(program), isCounted);
      if (dump.name) dumps.push(dump);
    }
    return { output, dumps };
  } finally {
    await rm(folder, { recursive: true });
  }
}
