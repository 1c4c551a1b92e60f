import assert from 'node:assert/strict';
import test from 'node:test';
import { readDump } from './callgrind.js';
import { compareCase } from './compare.js';

const expected = { instructions: 10_000, functions: { parse: 4000, copy: 1000, encode: 5000 } };

test('a growth of 3 % is allowed', () => {
  assert.equal(compareCase('json', expected, { instructions: 10_300, functions: {} }).ok, true);
});

test('a larger growth fails, and says by which functions and how it is accepted', () => {
  const { ok, text } = compareCase('json', expected, { instructions: 10_900, functions: { parse: 4000, copy: 1700, encode: 4900, 'new one': 300 } });
  assert.equal(ok, false);
  assert.match(text, /10900 instructions an event, 10000 expected \(\+9\.0 %\); at most \+3\.0 % is allowed/);
  assert.match(text, /\+700 {2}\(1000 before\) {2}copy\n *\+300 {2}\(0 before\) {2}new one\n/);
  assert.doesNotMatch(text, /parse|encode/);
  assert.match(text, /SLUICE_ACCEPT_INSTRUCTIONS=1/);
});

test('another compiler is named only when a case fails', () => {
  assert.match(compareCase('json', expected, { instructions: 11_000, functions: {} }, 'g++ 12.2.0, here g++ 13.1.0').text, /elsewhere: g\+\+ 12\.2\.0, here/);
  assert.doesNotMatch(compareCase('json', expected, { instructions: 10_000, functions: {} }, 'g++ 12.2.0').text, /elsewhere/);
});

test('a gain passes and asks to be accepted', () => {
  const { ok, text } = compareCase('json', expected, { instructions: 9000, functions: {} });
  assert.equal(ok, true);
  assert.match(text, /−10\.0 %.*Accept the gain/);
});

test('a case without a figure fails', () => {
  assert.equal(compareCase('new', undefined, { instructions: 1, functions: {} }).ok, false);
});

test('a dump is read by library and by function; a call costs who is called, but for those that copy and allocate for others', () => {
  const dump = readDump([
    'desc: Trigger: Client Request: json-100', 'ob=(1) /build/counted_path', 'fn=(7) main', '16 400', 'cob=(2) /usr/lib/libcrypto.so.3', 'cfn=(8) hash', 'calls=1 50',
    '16 1000', '+2 20', 'cob=(3) /usr/lib/libc.so.6', 'cfn=(10) memcpy', 'calls=3 0', '17 60', 'cfn=(9) encode', 'calls=1 3', '18 80', 'cfn=(11) memchr', 'calls=1 3', '19 10', 'fn=(11)', '4 10', 'ob=(2)', 'fn=(8)', '50 1000',
    'ob=(1)', 'fn=(9)', '3 80', 'ob=(3)', 'fn=(10)', '0 60', '',
  ].join('\n'), 'counted_path', (library) => library === 'libc.so.6');
  assert.equal(dump.name, 'json-100');
  assert.deepEqual(Object.fromEntries(dump.objects), { counted_path: 510, 'libcrypto.so.3': 1000, 'libc.so.6': 60 });
  assert.deepEqual(Object.fromEntries(dump.functions), { main: 490, encode: 80 });
});
