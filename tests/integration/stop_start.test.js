// Stopping and starting: nothing is lost, nothing needs draining, and every figure adds up.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { checkDelivered, Load } from './lib/load.js';
import { customEvent, ENVIRONMENT_ID, PROJECT_ID, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const nothingWaits = async (sluice) => (await sluice.destination()).backlog.events === 0;

test('SIGTERM: answers what is in flight, delivers what waits, ends with status 0', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const load = new Load(sluice);
  await waitFor('some load', () => load.acknowledged.size > 2000);
  const ended = sluice.process.stop('SIGTERM');
  await waitFor('connections to be refused', () => load.statuses.get('ECONNREFUSED') > 0);
  await load.stop();
  assert.equal(await ended, 0, sluice.process.tail());
  const events = (await kinesim.texts()).map((text) => eventOf(text, 2));
  assert.equal(checkDelivered(events, load.acknowledged), 0, 'all was delivered while draining, once');
});

test('a payload sent again is stored once, also after a restart', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const payloadId = randomUUID();
  const payload = [customEvent('once')];
  assert.equal(await sluice.post(payload, { payloadId }), 202);
  assert.equal(await sluice.post(payload, { payloadId }), 202);
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await sluice.process.stop(signal);
    await sluice.launch();
    assert.equal(await sluice.post(payload, { payloadId }), 202);
  }
  assert.equal(await sluice.post([customEvent('last')], { payloadId: randomUUID() }), 202);
  await waitFor('all to be delivered', () => nothingWaits(sluice));
  const events = (await kinesim.texts()).map((text) => eventOf(text, 2));
  assert.equal(new Set(events.filter(({ key }) => key === 'once').map(({ id }) => id)).size, 1);
  assert.ok(events.some(({ key }) => key === 'last'));
});

test('at every scrape, accepted = delivered + waiting + dead-lettered + missing', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const load = new Load(sluice);
  for (let scrape = 0; scrape < 200; scrape++) {
    const metrics = await sluice.metrics();
    const of = (name) => metrics.value(`sluice_destination_${name}`);
    assert.equal(
      of('accepted_events_total'),
      of('delivered_events_total') + of('waiting_events') + of('dead_lettered_events_total') + of('missing_events_total'),
      `at scrape ${scrape}`,
    );
  }
  await load.stop();
  await waitFor('all to be delivered', () => nothingWaits(sluice));
  const metrics = await sluice.metrics();
  assert.ok(metrics.value('sluice_destination_delivered_events_total') >= load.acknowledged.size);
});

test('what waits at the end is delivered after the next start', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], settings: { shutdown: { drain: '1 s' } } });
  await kinesim.stop();
  assert.equal(await sluice.post([customEvent('waits')]), 202);
  assert.equal(await sluice.process.stop('SIGTERM'), 0, 'what cannot be delivered does not hold the end up');
  await kinesim.launch();
  await sluice.launch();
  await waitFor('the event', async () => (await kinesim.texts()).some((text) => eventOf(text, 2).key === 'waits'));
});

// The server may end before it has started any of them: what the API answered is in force.
test('destinations of an import get all that is accepted after its answer, whatever happens before they start', async (t) => {
  const EACH = 20, ROUNDS = 3;
  const names = Array.from({ length: ROUNDS }, (_, round) => Array.from({ length: EACH }, (__, i) => `d${round}-${i}`));
  const kinesim = await Kinesim.start(t, { streams: Object.fromEntries(names.flat().map((name) => [name, 1])), rateLimits: false });
  const sluice = await Sluice.start(t, { managed: true });
  const imported = async (lists) => {
    const { status, body } = await sluice.api('POST', 'import', lists);
    assert.equal(status, 200, JSON.stringify(body));
  };
  await imported({ project: [{ key: 'test', id: PROJECT_ID }], environment: [{ project: 'test', key: 'production', id: ENVIRONMENT_ID, sdk_keys: [SDK_KEY] }] });
  await waitFor('the key to be known', async () => (await sluice.post([customEvent('before')])) === 202);
  const due = new Map(); // destination → the events that were acknowledged after its import
  for (let round = 0; round < ROUNDS; round++) {
    await imported({ destination: names[round].map((name) => kinesim.destination({ name, stream_name: name })) });
    for (const name of names[round]) due.set(name, []);
    const key = `after import ${round}`;
    assert.equal(await sluice.post([customEvent(key)]), 202);
    for (const keys of due.values()) keys.push(key);
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
  }
  for (const [name, keys] of due) {
    await waitFor(`all events at ${name}`, async () => {
      const arrived = new Set((await kinesim.texts(name)).map((text) => eventOf(text, 2).key));
      return keys.every((key) => arrived.has(key));
    });
  }
});
