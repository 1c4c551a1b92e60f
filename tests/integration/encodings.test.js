// Each encoding of a destination is read back with the AWS SDK and tools of other hands (lib/encodings.js). What a consumer finds is what a
// `json` destination of the same environment gets: every event once, with its id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READERS } from './lib/encodings.js';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { SDK_KEY, Sluice } from './lib/sluice.js';
import { recordsByShard } from './lib/stream_records.js';
import { waitFor } from './lib/wait.js';

const EVENTS = 3_000, PAYLOAD = 100;
const UNIT = 25_600;  // bytes that Kinesis bills as one

const streamOf = (encoding) => `events-${encoding.replace('+', '-')}`;

const payload = (first) => Array.from({ length: PAYLOAD }, (_, i) => ({
  kind: 'custom', key: 'order-placed', creationDate: 1_700_000_000_000 + first + i, contextKeys: { user: `user-${first + i}` },
  data: { number: first + i, text: `Größe ${'€'.repeat((first + i) % 50)}`, session: Math.random().toString(36) },
}));

async function send(sluice, events) {
  const headers = { Authorization: SDK_KEY, 'Content-Type': 'application/json', 'X-LaunchDarkly-Event-Schema': '4' };
  const response = await fetch(`${sluice.uri}/bulk`, { method: 'POST', headers, body: JSON.stringify(events) });
  return response.status;
}

test('each encoding gives its consumers every event once, with the ids of a json destination', async (t) => {
  const encodings = Object.keys(READERS);
  const kinesim = await Kinesim.start(t, { streams: Object.fromEntries(encodings.map((encoding) => [streamOf(encoding), 2])) });
  const sluice = await Sluice.start(t, {
    destinations: encodings.map((encoding) => kinesim.destination({ name: encoding, stream_name: streamOf(encoding), encoding })),
  });
  for (let first = 0; first < EVENTS; first += PAYLOAD) assert.equal(await send(sluice, payload(first)), 202);

  const seen = {};
  for (const encoding of encodings) {
    await waitFor(`all events of ${encoding}`, async () => {
      const { deliveredEvents } = await sluice.destination(encoding);
      return deliveredEvents === EVENTS;
    });
    const all = (await recordsByShard(kinesim.client, streamOf(encoding))).flatMap(({ records }) => records);
    seen[encoding] = all.flatMap(READERS[encoding]).map((text) => eventOf(text));
    const units = all.reduce((sum, { Data, PartitionKey }) => sum + Math.ceil((Data.length + PartitionKey.length) / UNIT), 0);
    t.diagnostic(`${encoding}: ${all.length} records, ${units} units`);
    if (encoding !== 'json') assert.ok(units < EVENTS / 10, `${units} units for ${EVENTS} events`);
  }
  const idsOf = (encoding) => seen[encoding].map(({ id }) => id).sort();
  for (const encoding of encodings) {
    assert.equal(seen[encoding].length, EVENTS, `${encoding}: every event once`);
    assert.equal(new Set(idsOf(encoding)).size, EVENTS, `${encoding}: no id twice`);
    assert.deepEqual(idsOf(encoding), idsOf('json'), `${encoding}: the ids of json`);
  }
});
