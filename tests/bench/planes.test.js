// Planes that do not wait for each other: 2,000 destinations, half of which keep getting dead letters, 20,000 events a second, and strangers who ask
// for the public status in a loop. And a start with 2,000 destinations whose journal holds a full segment of small payloads.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXTERNAL_ID, Kinesim, ROLE } from '../integration/lib/kinesim.js';
import { kinesimBinary } from '../integration/lib/paths.js';
import { runToEnd } from '../integration/lib/process.js';
import { Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';

const ENVIRONMENTS = 1000, DESTINATIONS = 2000, CLIENTS = 16, RATE = 20_000, QUIET_RATE = 200;
const ROUNDS = Number(process.env.SLUICE_BENCH_ROUNDS ?? 3), SECONDS = Number(process.env.SLUICE_BENCH_SECONDS ?? 5);
const SEGMENT_BYTES = 128 << 20;
const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');
const keyOf = (i) => `sdk-9a4e5000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const custom = (i) => ({ kind: 'custom', key: `x${i}`, creationDate: Date.now(), context: { kind: 'user', key: 'u' } });
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// Every second destination writes to the stream `bad-events`.
function configuration(kinesim, settings = '') {
  const lines = [settings, '[[project]]', 'key = "big"'];
  for (let i = 0; i < ENVIRONMENTS; ++i) lines.push('[[environment]]', 'project = "big"', `key = "e${i}"`, `sdk_keys = ["${keyOf(i)}"]`);
  for (let i = 0; i < DESTINATIONS; ++i) {
    lines.push('[[destination]]', 'project = "big"', `environment = "e${i % ENVIRONMENTS}"`, `name = "d${i}"`, 'region = "us-east-1"',
      `stream_name = "${i < ENVIRONMENTS ? 'flag-events' : 'bad-events'}"`, `endpoint = "${kinesim.uri}"`, `sts_endpoint = "${kinesim.uri}"`,
      `role_arn = "${ROLE}"`, `external_id = "${EXTERNAL_ID}"`);
  }
  return lines.join('\n');
}

async function start(t) {
  const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 100, 'bad-events': 100 }, rateLimits: false });
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.process.stop('SIGTERM');
  await sluice.writeConfig(configuration(kinesim));
  return { kinesim, sluice };
}

async function load(sluice, extra) {
  const { status, output } = await runToEnd(loadgen, ['--address', `127.0.0.1:${sluice.port}`, ...extra]);
  assert.equal(status, 0, output);
  return JSON.parse(output);
}

test('strangers who ask for the status do not slow the SDKs down', { timeout: 600_000 }, async (t) => {
  const { kinesim, sluice } = await start(t);
  await sluice.launch();
  // Every destination has delivered once; from then on a record that is alone in its call is often refused, and becomes a dead letter, in every
  // second destination.
  for (let i = 0; i < ENVIRONMENTS; ++i) assert.equal(await sluice.post([custom(i)], { key: keyOf(i) }), 202);
  await waitFor('the first events to be delivered', async () => (await sluice.status()).destinations.every((each) => each.deliveredEvents > 0), { timeoutMs: 120_000, everyMs: 500 });
  await kinesim.addFaults({ kind: 'call_error', operation: 'PutRecords', stream: 'bad-events', probability: 0.5, code: 'ValidationException', status: 400, message: 'refused by the benchmark' });
  let quiet = true;
  const agents = (async () => {  // the other environments, a few payloads a second each in turn
    for (let i = 1; quiet; i = (i % (ENVIRONMENTS - 1)) + 1) {
      await sluice.post([custom(i)], { key: keyOf(i) });
      await new Promise((resolve) => { setTimeout(resolve, 1000 / QUIET_RATE); });
    }
  })();
  const measure = async (asked) => {
    const clients = asked && fork(fileURLToPath(new URL('./ask_in_a_loop.js', import.meta.url)), [`${sluice.uri}${asked}`, String(CLIENTS)]);
    if (clients) await new Promise((resolve) => { clients.once('message', resolve); });
    const report = await load(sluice, ['--sdk-key', keyOf(0), '--connections', '16', '--seconds', String(SECONDS), '--rate', String(RATE)]);
    let answers = 0;
    if (clients) {
      const counted = new Promise((resolve) => { clients.once('message', resolve); });
      clients.send('stop');
      answers = (await counted).answers / SECONDS;
    }
    assert.equal(report.payloads_failed, 0);
    return { p50: report.latency_ms.p50, p99: report.latency_ms.p99, answers };
  };
  await measure();  // warm
  const rows = { alone: [], '/healthz': [], '/status': [] };
  for (let i = 0; i < ROUNDS; ++i) {
    rows.alone.push(await measure());
    rows['/healthz'].push(await measure('/healthz'));
    rows['/status'].push(await measure('/status'));
  }
  quiet = false;
  await agents;
  const letters = (await sluice.status()).destinations.filter((each) => each.deadLetteredEvents > 0).length;
  for (const [asked, all] of Object.entries(rows))
    t.diagnostic(`${asked}: p50 ${median(all.map((row) => row.p50)).toFixed(2)} ms, p99 ${median(all.map((row) => row.p99)).toFixed(2)} ms (${all.map((row) => row.p99.toFixed(2)).join(', ')}), ${median(all.map((row) => row.answers)).toFixed(0)} answers/s`);
  t.diagnostic(`destinations with dead letters: ${letters}`);
  // The quietest round: the machine shares its host with others.
  const p99 = (asked) => Math.min(...rows[asked].map((row) => row.p99));
  assert.ok(p99('/status') < p99('/healthz') * 1.5 + 5, 'an answer of the status costs about what the simplest answer does');
});

test('2,000 destinations and a full segment of small payloads are ready in 2 s', { timeout: 600_000 }, async (t) => {
  const { sluice } = await start(t);
  await sluice.launch();
  const stored = async () => (await sluice.metrics()).value('sluice_journal_bytes_total');
  while ((await stored()) < SEGMENT_BYTES * 0.9) await load(sluice, ['--sdk-key', keyOf(0), '--connections', '64', '--events', '1', '--event-bytes', '120', '--payloads', '50000']);
  await waitFor('the events to be delivered', async () => (await sluice.status()).destinations.every((destination) => destination.backlog.events === 0), { timeoutMs: 120_000 });
  const bytes = await stored();
  await sluice.process.stop('SIGTERM');
  const times = [];
  for (let i = 0; i < 5; ++i) {
    const begin = performance.now();
    await sluice.launch();
    times.push(performance.now() - begin);
    await sluice.process.stop('SIGTERM');
  }
  t.diagnostic(`a segment with ${(bytes / 2 ** 20).toFixed(0)} MiB: start to ready ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  assert.ok(Math.min(...times) < 2000, `start to ready took ${Math.min(...times)} ms`);
});
