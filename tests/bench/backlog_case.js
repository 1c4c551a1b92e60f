// One measurement: a destination that cannot be reached until the journal holds so much, kill -9, and a restart with Kinesis back and live
// traffic.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EXTERNAL_ID, ROLE } from '../integration/lib/kinesim.js';
import { kinesimBinary } from '../integration/lib/paths.js';
import { freePort, Process, runToEnd } from '../integration/lib/process.js';
import { CREDENTIALS, destination, SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';

const EVENT_BYTES = 1500;
export const LIVE_EVENTS_PER_S = 4000;
const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');

const memoryMiB = async (pid, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function send(sluice, load) {
  const { status, output } = await runToEnd(loadgen, ['--address', `127.0.0.1:${sluice.port}`, '--sdk-key', SDK_KEY, '--event-bytes', String(EVENT_BYTES), ...load]);
  assert.equal(status, 0, output);
  return JSON.parse(output);
}

// Resolves to its figures when all is delivered, and each event once.
export async function measureBacklog(t, gib) {
  const uri = `http://127.0.0.1:${await freePort()}`;  // nobody listens yet
  const settings = { journal: { max_bytes: `${Math.ceil(gib * 1.3) + 2} GiB`, retention: '0 s' }, shutdown: { drain: '1 s' } };
  const sluice = await Sluice.start(t, { settings, destinations: [destination({ endpoint: uri, sts_endpoint: uri, role_arn: ROLE, external_id: EXTERNAL_ID })] });
  let backlog = 0;
  const filling = Date.now();
  while ((await sluice.status()).journal.storedBytes < gib * 2 ** 30) {
    const report = await send(sluice, ['--connections', '8', '--seconds', '0', '--payloads', String(Math.ceil(Math.min(gib, 1) * 4000))]);
    assert.equal(report.payloads_failed, 0);
    backlog += report.events_acknowledged;
  }
  const fillS = (Date.now() - filling) / 1000;
  await sluice.process.stop('SIGKILL');  // the harder of the two ways to stop

  const kinesim = new Process('kinesim', kinesimBinary, [
    '--listen', uri.slice('http://'.length), '--identity', `${CREDENTIALS.accessKeyId}:${CREDENTIALS.secretAccessKey}`, '--role', `${ROLE},${EXTERNAL_ID}`,
    '--create-stream', 'flag-events:1000', '--no-rate-limits', '--ledger', 'ids', '--ledger-id-field', 'loadgenId',
  ]);
  t.after(() => kinesim.stop('SIGKILL'));
  await waitFor('kinesim to be ready', async () => (await fetch(`${uri}/_kinesim/health`)).status === 200);

  const restarted = Date.now();
  await sluice.launch();
  const readyS = (Date.now() - restarted) / 1000;
  const residentAtReady = await memoryMiB(sluice.process.pid, 'VmRSS');
  const draining = Date.now();
  let live = 0, drained = false, worst = 0;
  const sending = (async () => {
    for (let round = 0; round === 0 || !drained; ++round) {
      const report = await send(sluice, ['--connections', '8', '--events', '20', '--seconds', '5', '--rate', String(LIVE_EVENTS_PER_S)]);
      assert.equal(report.payloads_failed, 0, 'live traffic is answered');
      assert.ok(report.events_per_s > LIVE_EVENTS_PER_S * 0.9, `${report.events_per_s} live events a second were taken`);
      live += report.events_acknowledged;
      worst = Math.max(worst, report.latency_ms.p99);
    }
  })();
  // What is behind: less than two seconds of live traffic.
  const drainS = await waitFor('the backlog to be out', async () => (await sluice.destination()).backlog.events < 2 * LIVE_EVENTS_PER_S && (Date.now() - draining) / 1000,
    { timeoutMs: 1_200_000, everyMs: 100 });
  drained = true;
  await sending;
  await waitFor('the rest', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000 });
  const counts = (await (await fetch(`${uri}/_kinesim/ledger?stream=flag-events&format=counts`)).json()).streams['flag-events'];
  const rate = backlog / drainS + LIVE_EVENTS_PER_S;
  const peak = await memoryMiB(sluice.process.pid, 'VmHWM');
  assert.equal(counts.ids.loadgenId.unique, backlog + live, 'every acknowledged event is in the stream');
  await sluice.process.stop('SIGKILL');
  await kinesim.stop('SIGKILL');
  return { gib, backlog, fillS, readyS, residentAtReadyMiB: residentAtReady, peakMiB: peak, drainS, deliveredPerS: rate, liveP99Ms: worst };
}
