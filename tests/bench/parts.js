// What each stage costs an event of 600 bytes by itself, beside what the machine takes for the least of the same work: the micro-benchmarks
// beside the code (*_bench.cc), as the tables of docs/benchmarks.md, in three minutes.
//
//     tools/setup build bench && tools/build bench base_bench event_bench journal_bench framing_bench kinesis_bench aws_bench http_bench
//     node --test tests/bench/parts.js
//
// SLUICE_BENCH_ROUNDS (5), by turns; the median counts. SLUICE_UPDATE_BENCHMARKS=1 writes the tables. TMPDIR: whose disk.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { repository } from '../integration/lib/paths.js';
import { runToEnd } from '../integration/lib/process.js';
import { median } from './rig.js';
import { printTable } from './table.js';

const ROUNDS = Number(process.env.SLUICE_BENCH_ROUNDS ?? 5);
const EVENT = 600, RECORDS = 500, ENCODED = 4 / 3;  // base64
const perEvent = (each) => each.ns_per_event;
const nanoseconds = { ns: 1, us: 1e3, ms: 1e6 };
const cpu = (each) => each.cpu_time * nanoseconds[each.time_unit];

// Benchmarks by library and name, each with nanoseconds of CPU an event.
const MACHINE = {
  copy: perEvent, crc: perEvent, base64: perEvent, sha256: perEvent, aes_gcm: perEvent, 'append/60000/0/real_time': (each) => cpu(each) / (60_000 / EVENT),
  'append/4096/1/real_time': cpu, 'append/60000/1/real_time': cpu, 'append/1048576/1/real_time': (each) => cpu(each) / (2 ** 20 / EVENT),
};
const STAGES = [
  ['a request of 50 kB over loopback', 'http', 'post/50000/real_time', (each) => (each.server_us_per_request * 1000) / (50_000 / EVENT), 'a copy', (of) => of.copy],
  ['its HTTP alone', 'http', 'parse/50000', (each) => cpu(each) / (50_000 / EVENT), 'a copy', (of) => of.copy],
  ['payload to entry', 'event', 'read_payload_of_100', (each) => cpu(each) / 100, 'a copy', (of) => of.copy],
  ['journal: append and sync, 16 payloads wait', 'journal', 'append/60000/16/min_time:1.000/real_time', (each) => (each.cpu_ns_per_kb * EVENT) / 1000, '`fdatasync` a MiB', (of) => of['append/1048576/1/real_time']],
  ['journal: read back', 'journal', 'read/60000', (each) => (EVENT / each.bytes_per_second) * 1e9, 'a copy, CRC-32C', (of) => of.copy + of.crc],
  ['envelope', 'event', 'write_records_of_100', (each) => cpu(each) / 100, 'a copy', (of) => of.copy],
  ['PutRecords body, JSON', 'kinesis', 'build_body/600/0', perEvent, 'base64', (of) => of.base64],
  ['PutRecords body, CBOR', 'kinesis', 'build_cbor_body/600/0', perEvent, 'a copy', (of) => of.copy],
  ['its hash', 'kinesis', 'hash_body/600', perEvent, 'SHA-256 of ⁴⁄₃', (of) => of.sha256 * ENCODED],
  ['its signature', 'aws', 'sign', (each) => cpu(each) / RECORDS],
  ['the call, plain', 'aws', 'post_plain/400000/real_time', (each) => (each.us_per_call * 1000) / RECORDS, 'a copy of ⁴⁄₃', (of) => of.copy * ENCODED],
  ['the call, TLS', 'aws', 'post_tls/400000/real_time', (each) => (each.us_per_call * 1000) / RECORDS, 'AES-256-GCM of ⁴⁄₃', (of) => of.aes_gcm * ENCODED],
  ['its answer', 'kinesis', 'parse_answer/0', perEvent],
  ['packing, `ndjson`', 'framing', 'pack/ndjson/4', (each) => each.us_per_event * 1000, 'a copy', (of) => of.copy],
  ['packing, `ndjson+gzip`', 'framing', 'pack/gzip/4', (each) => each.us_per_event * 1000],
  ['packing, `ndjson+zstd`', 'framing', 'pack/zstd/4', (each) => each.us_per_event * 1000],
];

async function runBenchmark(library, names) {
  const program = path.join(repository, 'build/bench', `${library}_bench`);
  assert.ok(existsSync(program), `${program} is not there: tools/build bench ${library}_bench`);
  const filter = `^(${names.map((name) => name.replace(/\/min_time.*|\/real_time$/, '')).join('|')})(/.*time.*)?$`;
  const { status, output } = await runToEnd(program, [`--benchmark_filter=${filter}`, '--benchmark_format=json', '--benchmark_min_time=0.2']);
  assert.equal(status, 0, output);
  return JSON.parse(output.slice(output.indexOf('\n{') + 1)).benchmarks;
}

test('what each stage costs', { timeout: 1_800_000 }, async () => {
  const found = new Map();  // library and name -> runs
  const byLibrary = new Map([['base', Object.keys(MACHINE)]]);
  for (const [, library, name] of STAGES) byLibrary.set(library, [...(byLibrary.get(library) ?? []), name]);
  for (let round = 0; round < ROUNDS; ++round)
    for (const [library, names] of byLibrary)
      for (const each of await runBenchmark(library, names)) {
        const key = `${library} ${each.name}`;
        found.set(key, [...(found.get(key) ?? []), each]);
      }
  const medianOf = (library, name, figure) => {
    const runs = found.get(`${library} ${name}`);
    assert.ok(runs, `${library}_bench has ${name}`);
    return median(runs.map(figure));
  };
  const machine = Object.fromEntries(Object.entries(MACHINE).map(([name, figure]) => [name, medianOf('base', name, figure)]));
  const gigabytes = (name) => (EVENT / machine[name]).toFixed(1);
  const micro = (name, figure) => (medianOf('base', name, figure) / 1000).toFixed(0);
  const wall = (each) => each.real_time * nanoseconds[each.time_unit];
  printTable('machine', ['the machine', 'ns/event', 'GB/s', 'CPU µs each', 'µs each'], [
    ['memcpy', machine.copy.toFixed(0), gigabytes('copy'), '', ''], ['CRC-32C (ISA-L)', machine.crc.toFixed(0), gigabytes('crc'), '', ''],
    ['base64', machine.base64.toFixed(0), gigabytes('base64'), '', ''], ['SHA-256 (OpenSSL)', machine.sha256.toFixed(0), gigabytes('sha256'), '', ''],
    ['AES-256-GCM (OpenSSL)', machine.aes_gcm.toFixed(0), gigabytes('aes_gcm'), '', ''],
    ['pwrite, 60 kB', machine['append/60000/0/real_time'].toFixed(0), gigabytes('append/60000/0/real_time'), '', ''],
    ...[['4 KiB', 'append/4096/1/real_time'], ['60 kB', 'append/60000/1/real_time'], ['1 MiB', 'append/1048576/1/real_time']].map(([size, name]) => [`pwrite and \`fdatasync\`, ${size}`, '', '', micro(name, cpu), micro(name, wall)]),
  ]);
  printTable('parts', ['stage', 'ns/event', 'beside it', 'ns/event'], STAGES.map(([stage, library, name, figure, what, limit]) =>
    [stage, medianOf(library, name, figure).toFixed(0), what ?? '', limit ? limit(machine).toFixed(0) : '']));
});
