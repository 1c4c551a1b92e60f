// A bad day at AWS: 30 % of the records throttled, 1 % of the calls cut off after they were committed, and the stream
// gone for 30 seconds. Nothing is lost, only what failed is sent again, and memory stays flat.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { checkDelivered, Load } from './lib/load.js';
import { residentMiB } from './lib/memory.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const OUTAGE_MS = 30_000;
const MOST_RESIDENT_MIB = 300;

const allDelivered = (sluice) => waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 90_000 });

test('30 % of records throttled, 1 % of calls cut off after their commit, the stream gone for 30 s', async (t) => {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const load = new Load(sluice, { connections: 2, eventsPerPayload: 20, pauseMs: 25 });
  const resident = [];
  let loading = true;
  const watching = (async () => {
    for (; loading; await sleep(250)) resident.push(await residentMiB(sluice.process.pid));
  })();

  await kinesim.addFaults(
    { kind: 'record_error', operation: 'PutRecords', probability: 0.3, code: 'ProvisionedThroughputExceededException' },
    { kind: 'reset_after', operation: 'PutRecords', probability: 0.01 },
  );
  await waitFor('10,000 acknowledged events', () => load.acknowledged.size > 10_000, { timeoutMs: 60_000 });

  const [{ backlog: before }, acknowledgedBefore] = [await sluice.destination(), load.acknowledged.size];
  await kinesim.addFaults({ kind: 'gone', for_ms: OUTAGE_MS });
  await waitFor('the outage to be told', async () => {
    const { state, problem } = await sluice.destination();
    return state === 'waiting' && problem.message.length > 0 && problem.remedy.length > 0;
  }, { timeoutMs: OUTAGE_MS });
  await waitFor('the backlog to grow on disk', async () => (await sluice.destination()).backlog.events > before.events + 1000, { timeoutMs: OUTAGE_MS });
  assert.ok(load.acknowledged.size > acknowledgedBefore, 'intake goes on');
  await waitFor('delivery after the outage', async () => (await sluice.destination()).deliveredEvents > acknowledgedBefore + 1000, { timeoutMs: 3 * OUTAGE_MS });

  await load.stop();
  await allDelivered(sluice);
  loading = false;
  await watching;

  const events = (await kinesim.texts()).map((text) => eventOf(text, 2));
  const repeats = checkDelivered(events, load.acknowledged);
  const { recordsSent, deliveredEvents, retriedRecordsByCode } = await sluice.destination();
  const retried = Object.values(retriedRecordsByCode).reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${load.acknowledged.size} acknowledged, none lost, ${repeats} twice; ${recordsSent} records sent, again: ${JSON.stringify(retriedRecordsByCode)}`);
  t.diagnostic(`resident memory at most ${Math.max(...resident).toFixed(0)} MiB`);
  assert.deepEqual([...load.statuses.keys()], [202], 'no SDK was refused');
  assert.equal(recordsSent, deliveredEvents + retried, 'only what failed was sent again');
  // What was throttled came back alone: had whole calls been sent again, every event would have come several times.
  assert.ok(repeats < 0.1 * deliveredEvents, `${repeats} came twice`);
  assert.ok(Math.max(...resident) < MOST_RESIDENT_MIB, `${Math.max(...resident)} MiB`);
});

test('throttled records alone are sent again: without lost answers nothing comes twice', async (t) => {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  await kinesim.addFaults({
    kind: 'record_error', operation: 'PutRecords', probability: 0.3, code: 'ProvisionedThroughputExceededException',
  });
  const load = new Load(sluice);
  await waitFor('5,000 acknowledged events', () => load.acknowledged.size > 5000, { timeoutMs: 60_000 });
  await load.stop();
  await allDelivered(sluice);
  assert.equal(checkDelivered((await kinesim.texts()).map((text) => eventOf(text, 2)), load.acknowledged), 0);
  const { PutRecords } = await kinesim.stats();
  const { recordsSent, deliveredEvents, retriedRecordsByCode } = await sluice.destination();
  assert.equal(retriedRecordsByCode.ProvisionedThroughputExceededException, PutRecords.records_failed);
  assert.equal(recordsSent, deliveredEvents + PutRecords.records_failed);
});

test('answers that are cut short, too short or no JSON lose nothing', async (t) => {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination({ max_records_per_call: 20 })] });
  const kinds = ['truncate', 'missing_records', 'garbage', 'reset_before', 'call_error'];
  await kinesim.addFaults(...kinds.map((kind, i) => ({
    kind, operation: 'PutRecords', probability: 0.05, code: 'ServiceUnavailable', seed: i + 1,
  })));
  const load = new Load(sluice);
  await waitFor('3,000 acknowledged events', () => load.acknowledged.size > 3000, { timeoutMs: 60_000 });
  await load.stop();
  await kinesim.clearFaults();
  await allDelivered(sluice);
  const repeats = checkDelivered((await kinesim.texts()).map((text) => eventOf(text, 2)), load.acknowledged);
  t.diagnostic(`${load.acknowledged.size} acknowledged, none lost, ${repeats} twice under the same id`);
  assert.ok(repeats > 0, 'some answers were lost after the commit: the test tests something');
});
