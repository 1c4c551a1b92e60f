// How a stream's limits are used, what packing saves, what it costs: the table in docs/benchmarks.md, against the release binaries, in about
// fifteen minutes. Each case also with ListShards and DescribeStreamSummary denied, so that the shards are not known.
//
//     node --test tests/bench/paced_and_packed.js
//
// SLUICE_BENCH_CASES=regular expression: those alone. SLUICE_UPDATE_BENCHMARKS=1: the table also goes into docs/benchmarks.md.
// SLUICE_BENCH_FAIL=1: a missed target is a failure; else it is marked in the table.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as cases from './pacing_cases.js';
import { printTable } from './table.js';

const selected = new RegExp(process.env.SLUICE_BENCH_CASES ?? '');
const rows = [];

// `run` resolves to a row, or several.
function measure(name, run) {
  test(name, { skip: !selected.test(name), timeout: 900_000 }, async (t) => {
    const found = [await run(t)].flat();
    for (const row of found) {
      rows.push(row);
      t.diagnostic(JSON.stringify(row));
    }
    if (process.env.SLUICE_BENCH_FAIL === '1') assert.deepEqual(found.filter((row) => !row.met), []);
  });
}

function measureBoth(name, run) {
  for (const denied of [false, true])
    measure(`${name}${denied ? ', shards not known' : ''}`, async (t) => ({ ...(await run(t, denied)), shards: denied ? 'not known' : 'known' }));
}

measureBoth('refused by chance', (t, denied) => cases.refusedByChance(t, { denied }));
measureBoth('refused by chance, saturated', (t, denied) => cases.refusedByChanceSaturated(t, { denied }));
measureBoth('one shard', (t, denied) => cases.oneShard(t, { denied }));
measureBoth('beside a full shard', (t, denied) => cases.besideAFullShard(t, { denied }));
measureBoth('shards doubled', (t, denied) => cases.shardsDoubled(t, { denied }));
measureBoth('four senders', (t, denied) => cases.fourSenders(t, { denied }));
measureBoth('outage, connections refused', (t, denied) => cases.afterAnOutage(t, { denied, kind: 'refused' }));
measureBoth('outage, 503', (t, denied) => cases.afterAnOutage(t, { denied, kind: '503' }));
measure('far away, busy', (t) => cases.farAwayBusy(t, {}));
measure('far away, quiet', (t) => cases.farAwayQuiet(t));
measure('put units', (t) => cases.putUnits(t, {}));
measure('cpu', (t) => cases.cpuPerEvent(t, { rounds: Number(process.env.SLUICE_BENCH_ROUNDS ?? 5) }));

test.after(() => printTable('paced-and-packed', ['case', 'shards', 'target', 'measured', 'met'],
  rows.map((row) => [row.name, row.shards ?? '', row.target, row.value, row.met ? 'yes' : '**no**'])));
