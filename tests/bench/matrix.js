// What an event costs, in one base and with one thing changed at a time, beside what the machine allows: the table and the chart of
// docs/benchmarks.md, in about ten minutes.
//
//     node --test tests/bench/matrix.js
//
// By turns, so that the machine's other work hits all alike; the median counts. SLUICE_BENCH_ROUNDS (3), SLUICE_BENCH_SECONDS (4),
// SLUICE_BENCH_CASES=regular expression of names. SLUICE_UPDATE_BENCHMARKS=1 writes table and chart.
import assert from 'node:assert/strict';
import test from 'node:test';
import { writeChart } from './chart.js';
import { FURTHER_DESTINATION_TARGET, measure, ROWS, TARGETS_HOLD_FOR_US } from './matrix_rows.js';
import { composite, grouped, median } from './rig.js';
import { printTable } from './table.js';

const rounds = Number(process.env.SLUICE_BENCH_ROUNDS ?? 3), seconds = Number(process.env.SLUICE_BENCH_SECONDS ?? 4);
const rows = ROWS.filter(({ name }) => new RegExp(process.env.SLUICE_BENCH_CASES ?? '').test(name));

test('what an event costs', { timeout: 3_600_000 }, async (t) => {
  const runs = rows.map(() => []), limits = [];
  for (let round = 0; round < rounds; ++round) {
    limits.push(await composite({ rounds: 3, seconds: 0.3 }));
    for (const [i, row] of rows.entries()) {
      runs[i].push(await measure(t, row, seconds));
      t.diagnostic(`${row.name}: ${JSON.stringify(runs[i].at(-1))}`);
    }
  }
  const limit = { plain: median(limits.map((each) => each.plain_us)), tls: median(limits.map((each) => each.tls_us)) };
  const found = rows.map((row, i) => {
    const of = (field) => runs[i].map((run) => run[field]);
    const cpu = median(of('cpu')), allowed = row.tlsOut ? limit.tls : limit.plain;
    // A further destination is encoded, hashed and sent anew; the composite has one.
    return { row, cpu, all: of('cpu').toSorted((a, b) => a - b), ratio: row.destinations === 1 ? cpu / allowed : undefined, allowed, delivered: median(of('delivered')),
      p50: median(of('p50')), p99: median(of('p99')), peak: Math.max(...of('peak')) };
  });
  const scaled = (target) => (target ? `≤ ${((target * limit.plain) / TARGETS_HOLD_FOR_US).toFixed(1)}` : '');
  printTable('matrix', ['case', 'CPU µs/event', 'target', 'least to most', 'of what the machine allows', 'delivered/s', '202 p50 ms', 'p99 ms', 'peak MiB'], [
    ...found.map(({ row, cpu, all, ratio, delivered, p50, p99, peak }) => [row.name, cpu.toFixed(2), scaled(row.target), `${all[0].toFixed(2)} to ${all.at(-1).toFixed(2)}`,
      ratio ? `${ratio.toFixed(1)} ×` : '', row.rate ? '' : grouped(delivered), p50.toFixed(2), p99.toFixed(1), peak.toFixed(0)]),
    ...found.filter(({ row }) => row.destinations > 1 && found[0].row.group === 'base').map(({ row, cpu }) =>
      [`*each further destination, of ${row.destinations}*`, ((cpu - found[0].cpu) / (row.destinations - 1)).toFixed(2), scaled(FURTHER_DESTINATION_TARGET), '', '', '', '', '', '']),
    ['*what the machine allows, TLS out*', limit.tls.toFixed(2), '', '', '1 ×', '', '', '', ''],
    ['*what the machine allows, plain out*', limit.plain.toFixed(2), '', '', '1 ×', '', '', '', ''],
  ]);
  writeChart('cost-of-an-event', {
    title: 'CPU time of Sluice for an event, µs', note: `The first part of a bar is what the machine allows: ${limit.tls.toFixed(2)} µs with TLS to Kinesis, ${limit.plain.toFixed(2)} plain.`,
    bars: found.map(({ row, cpu, ratio, allowed }) => (row.destinations === 1 ? { group: row.group, label: row.name, value: cpu, part: ratio ? allowed : 0 }
      : { group: row.group, label: `${row.name}, for each of them`, value: cpu / row.destinations, part: 0 })),
  });
  assert.ok(found.every(({ cpu }) => cpu > 0));
});
