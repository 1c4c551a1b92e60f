// Destinations of one environment each get what they asked for: kinds, filters, samples, privacy, added fields.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SECRET = 'only the test knows this';
const hashed = (text) => createHmac('sha256', SECRET).update(text).digest('hex').slice(0, 32);

const context = {
  kind: 'multi',
  user: { key: 'anna', email: 'anna@example.com', address: { street: 'Main St', city: 'Oslo' }, _meta: { redactedAttributes: ['phone'] } },
  org: { key: 'acme', email: 'office@acme.example' },
};
const events = [
  { kind: 'feature', key: 'new-checkout', variation: 1, value: true, creationDate: 1, context },
  { kind: 'feature', key: 'banner', variation: 0, value: 'blue', creationDate: 2, context },
  { kind: 'custom', key: 'order-placed', metricValue: 9.50, creationDate: 3, context },
  { kind: 'custom', key: 'page-left', creationDate: 4, context: { kind: 'device', key: 'd1' } },
  { kind: 'identify', creationDate: 5, context },
  { kind: 'summary', startDate: 1, endDate: 2, features: {} },
];

const allDelivered = async (sluice) => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0);
const recordsOf = async (kinesim, stream) => (await kinesim.texts(stream)).map((text) => JSON.parse(text));
const summaryOf = ({ event }) => `${event.kind} ${event.key ?? ''}`.trim();

test('two destinations with different kinds, filters and privacy get what each asked for, under the same ids', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: { everything: 1, careful: 1 } });
  const sluice = await Sluice.start(t, {
    destinations: [
      kinesim.destination({
        name: 'everything', stream_name: 'everything', kinds: ['feature', 'custom', 'identify', 'summary'],
        add_fields: ['receivedDate', 'projectKey', 'environmentKey', 'sdk', 'application'],
      }),
      kinesim.destination({
        name: 'careful', stream_name: 'careful', kinds: ['feature', 'custom', 'identify'], never_flags: ['banner'],
        never_context_kinds: ['device'], drop_attributes: ['/address/street'], hash_attributes: ['email'],
        hash_keys_of: ['user'], hash_secret: SECRET,
      }),
    ],
  });
  const response = await fetch(`${sluice.uri}/bulk`, {
    method: 'POST',
    headers: {
      Authorization: 'sdk-7e570000-0000-4000-8000-000000000001', 'Content-Type': 'application/json',
      'X-LaunchDarkly-Event-Schema': '4', 'User-Agent': 'NodeJSClient/9.13.7', 'X-LaunchDarkly-Tags': 'application-id/shop application-version/1.2',
    },
    body: JSON.stringify(events).replace('9.5,', '9.50,'),
  });
  assert.equal(response.status, 202);
  await waitFor('all to be delivered', () => allDelivered(sluice));

  const everything = await recordsOf(kinesim, 'everything');
  assert.deepEqual(everything.map(summaryOf).sort(), [
    'custom order-placed', 'custom page-left', 'feature banner', 'feature new-checkout', 'identify', 'summary',
  ]);
  for (const { receivedDate, projectKey, environmentKey, sdk, application } of everything) {
    assert.ok(Math.abs(receivedDate - Date.now()) < 60_000);
    assert.deepEqual({ projectKey, environmentKey, sdk, application }, {
      projectKey: 'test', environmentKey: 'production', sdk: { name: 'NodeJSClient', version: '9.13.7' },
      application: { id: 'shop', version: '1.2' },
    });
  }
  assert.ok((await kinesim.texts('everything')).some((text) => text.includes('"metricValue":9.50,')), 'digits stay as sent');

  const careful = await recordsOf(kinesim, 'careful');
  assert.deepEqual(careful.map(summaryOf).sort(), ['custom order-placed', 'feature new-checkout', 'identify']);
  const idOf = new Map(everything.map((record) => [summaryOf(record), record.event.id]));
  for (const record of careful) {
    assert.deepEqual(Object.keys(record), ['project', 'environment', 'event', 'version']);
    assert.equal(record.event.id, idOf.get(summaryOf(record)), 'the same id in both');
    assert.deepEqual(record.event.context, {
      kind: 'multi',
      user: {
        key: hashed('anna'), email: hashed('anna@example.com'), address: { city: 'Oslo' },
        _meta: { redactedAttributes: ['phone', '/address/street'] },
      },
      org: { key: 'acme', email: hashed('office@acme.example') },
    });
    if (record.event.contextKeys) assert.deepEqual(record.event.contextKeys, { user: hashed('anna'), org: 'acme' });
  }

  const metrics = await sluice.metrics();
  for (const name of ['everything', 'careful']) {
    const of = (metric) => metrics.value(`sluice_destination_${metric}`, { name });
    assert.equal(of('accepted_events_total'),
      of('delivered_events_total') + of('waiting_events') + of('dead_lettered_events_total') + of('filtered_events_total') + of('missing_events_total'));
    assert.equal(of('filtered_events_total'), name === 'careful' ? 2 : 0);
  }
});

test('a sample keeps weights right, and is the same sample in every destination and after a restart', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: { one: 1, other: 1 }, rateLimits: false });
  const tenth = (name) => kinesim.destination({ name, stream_name: name, sample_one_in: 10 });
  const sluice = await Sluice.start(t, { destinations: [tenth('one'), tenth('other')] });
  const sent = 4000;
  for (let from = 0; from < sent; from += 500) {
    const batch = Array.from({ length: 500 }, (_, i) => ({ kind: 'custom', key: `k${from + i}`, context: { kind: 'user', key: 'u' }, samplingRatio: 2 }));
    assert.equal(await sluice.post(batch), 202);
    if (from === 2000) {
      await sluice.process.stop('SIGTERM');
      await sluice.launch();
    }
  }
  await waitFor('all to be delivered', () => allDelivered(sluice));
  const [one, other] = [await recordsOf(kinesim, 'one'), await recordsOf(kinesim, 'other')];
  t.diagnostic(`${one.length} of ${sent} kept`);
  assert.ok(Math.abs(one.length - sent / 10) < 100, `${one.length}`);
  assert.deepEqual(one.map(({ event }) => event.id).sort(), other.map(({ event }) => event.id).sort());
  assert.ok(one.every(({ event }) => event.samplingRatio === 20));
  const { filteredEvents, deliveredEvents } = await sluice.destination('one');
  assert.equal(filteredEvents + deliveredEvents, sent, 'over the restart too');
});

test('wishes that cannot be met are told with the configuration', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  await sluice.configure([kinesim.destination({
    drop_attributes: ['key', '/a//b'], hash_attributes: ['email'], hash_secret: 'short', add_fields: ['colour'], sample_one_in: 0,
  })]);
  sluice.reload();
  await waitFor('the faults to be told', () => {
    const said = sluice.process.tail(40);
    return ['is no attribute that', 'between two slashes', 'openssl rand', 'is not a field', 'from 1 to 1000000'].every((part) => said.includes(part));
  });
  assert.equal((await sluice.destination()).state, 'idle', 'the configuration in force stays');
});
