// What stays flat when there is more of something: environments with a destination each, and bytes that wait. The tables of docs/benchmarks.md.
//
//     node --test tests/bench/growth.js     eight minutes
//
// SLUICE_BENCH_ENVIRONMENTS (1,10,100,1000), SLUICE_BENCH_BACKLOG_GIB (1,5; 30 takes ten minutes and 40 GiB of disk), SLUICE_BENCH_SECONDS (10),
// SLUICE_BENCH_CASES=regular expression: environments, backlog. SLUICE_UPDATE_BENCHMARKS=1 writes the tables.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTERNAL_ID, Kinesim, ROLE } from '../integration/lib/kinesim.js';
import { residentMiB } from '../integration/lib/memory.js';
import { kinesimBinary } from '../integration/lib/paths.js';
import { runToEnd } from '../integration/lib/process.js';
import { Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { measureBacklog } from './backlog_case.js';
import { cpuSeconds, grouped, peakMiB } from './rig.js';
import { printTable } from './table.js';

const numbers = (text) => text.split(',').map(Number);
const SIZES = numbers(process.env.SLUICE_BENCH_ENVIRONMENTS ?? '1,10,100,1000'), BACKLOGS = numbers(process.env.SLUICE_BENCH_BACKLOG_GIB ?? '1,5');
const SECONDS = Number(process.env.SLUICE_BENCH_SECONDS ?? 10), RATE = 20_000;
const selected = new RegExp(process.env.SLUICE_BENCH_CASES ?? '');
const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');
const keyOf = (i) => `sdk-6804e000-0000-4000-8000-${String(i).padStart(12, '0')}`;

function configuration(kinesim, environments) {
  const lines = ['[[project]]', 'key = "big"'];
  for (let i = 0; i < environments; ++i) {
    lines.push('[[environment]]', 'project = "big"', `key = "e${i}"`, `sdk_keys = ["${keyOf(i)}"]`,
      '[[destination]]', 'project = "big"', `environment = "e${i}"`, `name = "d${i}"`, 'region = "us-east-1"', 'stream_name = "flag-events"', `endpoint = "${kinesim.uri}"`,
      `sts_endpoint = "${kinesim.uri}"`, `role_arn = "${ROLE}"`, `external_id = "${EXTERNAL_ID}"`);
  }
  return lines.join('\n');
}

async function load(sluice, ...options) {
  const { status, output } = await runToEnd(loadgen, ['--address', `127.0.0.1:${sluice.port}`, '--sdk-key', keyOf(0), '--as-sdks-send', ...options.map(String)]);
  assert.equal(status, 0, output);
  const report = JSON.parse(output);
  assert.equal(report.payloads_failed, 0, 'no payload was dropped');
  return report;
}

const delivered = (sluice) => waitFor('everything to be delivered', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0), { timeoutMs: 120_000, everyMs: 200 });

// CPU of all of Sluice for an event, and how long SDKs wait, with a steady load to the first `keys` environments in turn.
async function steady(sluice, keys) {
  const before = await cpuSeconds(sluice.process.pid);
  const report = await load(sluice, '--connections', 16, '--seconds', SECONDS, '--rate', RATE, '--keys', keys);
  await delivered(sluice);
  return { cpu: ((await cpuSeconds(sluice.process.pid)) - before) * 1e6 / report.events_acknowledged, p99: report.latency_ms.p99 };
}

async function measureEnvironments(t, environments) {
  const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 50 }, rateLimits: false });
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.process.stop('SIGTERM');
  await sluice.writeConfig(configuration(kinesim, environments));
  sluice.readyWithinMs = 180_000;  // the first time, each destination's place is synced
  const launch = async () => {
    const begin = performance.now();
    await sluice.launch();
    return (performance.now() - begin) / 1000;
  };
  const firstStartS = await launch();
  await load(sluice, '--seconds', 0, '--payloads', Math.max(environments, 20), '--events', 10, '--keys', environments);  // each destination has called AWS
  await delivered(sluice);
  await sluice.process.stop('SIGTERM');
  const startS = await launch();
  await sleep(5000);  // what a start does behind the first requests is over
  const { pid } = sluice.process;
  const resident = await residentMiB(pid), idleBefore = await cpuSeconds(pid);
  await sleep(SECONDS * 1000);
  const idle = ((await cpuSeconds(pid)) - idleBefore) / SECONDS;
  await steady(sluice, environments);  // each has its credentials and shards
  const one = await steady(sluice, 1), all = await steady(sluice, environments);
  const result = { environments, firstStartS, startS, resident, idle, one, all, peak: await peakMiB(pid) };
  await sluice.process.stop('SIGKILL');
  await kinesim.stop('SIGKILL');
  return result;
}

test('environments', { skip: !selected.test('environments'), timeout: 1_800_000 }, async (t) => {
  const found = [];
  for (const size of SIZES) {
    found.push(await measureEnvironments(t, size));
    t.diagnostic(JSON.stringify(found.at(-1)));
  }
  printTable('growth-environments',
    ['environments, a destination each', 'first start', 'start to ready', 'resident', 'idle', '20,000 events/s to one: CPU µs/event', 'p99', 'to all in turn: CPU µs/event', 'p99', 'peak'],
    found.map(({ environments, firstStartS, startS, resident, idle, one, all, peak }) => [grouped(environments), `${firstStartS.toFixed(2)} s`, `${startS.toFixed(2)} s`, `${resident.toFixed(0)} MiB`,
      `${(idle * 100).toFixed(1)} % of a core`, one.cpu.toFixed(2), `${one.p99.toFixed(1)} ms`, all.cpu.toFixed(2), `${all.p99.toFixed(1)} ms`, `${peak.toFixed(0)} MiB`]));
});

test('backlog', { skip: !selected.test('backlog'), timeout: 3_600_000 }, async (t) => {
  const found = [];
  for (const gib of BACKLOGS) {
    found.push(await measureBacklog(t, gib));
    t.diagnostic(JSON.stringify(found.at(-1)));
  }
  printTable('growth-backlog', ['backlog', 'events', 'start to ready', 'resident then', 'at the peak', 'drained in', 'delivered', 'live payloads, p99'],
    found.map((each) => [`${each.gib} GiB`, grouped(each.backlog), `${each.readyS.toFixed(2)} s`, `${each.residentAtReadyMiB.toFixed(0)} MiB`, `${each.peakMiB.toFixed(0)} MiB`,
      `${each.drainS.toFixed(0)} s`, `${grouped(each.deliveredPerS)} events/s`, `${each.liveP99Ms.toFixed(0)} ms`]));
});
