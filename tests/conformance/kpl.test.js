// A `kpl` destination read with AWS Labs' module for Python, the one that Lambda functions use: every event once, and each with a hash key
// of the shard that its record lies in, so that no consumer takes it for one that a reshard moved.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { eventOf } from '../integration/lib/events.js';
import { Kinesim } from '../integration/lib/kinesim.js';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { recordsByShard } from '../integration/lib/stream_records.js';
import { waitFor } from '../integration/lib/wait.js';
import { deaggregation } from './toolchains.js';

const EVENTS = 2_000, PAYLOAD = 100, STREAM = 'kpl';

test(`${deaggregation.name} finds every event of a kpl destination once, with a hash key of its shard`, { skip: deaggregation.missing() ?? false, timeout: 300_000 }, async (t) => {
  const [command, script] = deaggregation.prepare();
  const kinesim = await Kinesim.start(t, { streams: { [STREAM]: 3 } });
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination({ name: 'kpl', stream_name: STREAM, encoding: 'kpl', linger: '200 ms' })] });
  for (let first = 0; first < EVENTS; first += PAYLOAD) {
    const events = Array.from({ length: PAYLOAD }, (_, i) => ({ kind: 'custom', key: 'order', creationDate: 1_700_000_000_000, contextKeys: { user: `user-${first + i}` }, data: { number: first + i } }));
    const headers = { Authorization: SDK_KEY, 'Content-Type': 'application/json', 'X-LaunchDarkly-Event-Schema': '4' };
    assert.equal((await fetch(`${sluice.uri}/bulk`, { method: 'POST', headers, body: JSON.stringify(events) })).status, 202);
  }
  await waitFor('all events', async () => (await sluice.destination('kpl')).deliveredEvents === EVENTS);

  const numbers = [];
  for (const { shard: { ShardId, HashKeyRange }, records } of await recordsByShard(kinesim.client, STREAM)) {
    const input = JSON.stringify(records.map(({ Data }) => Buffer.from(Data).toString('base64')));
    for (const [text, , hashKey] of JSON.parse(execFileSync(command, [script], { input, encoding: 'utf8', maxBuffer: 64 << 20 }))) {
      numbers.push(eventOf(text).data.number);
      assert.ok(BigInt(hashKey) >= BigInt(HashKeyRange.StartingHashKey) && BigInt(hashKey) <= BigInt(HashKeyRange.EndingHashKey), `${hashKey} is of ${ShardId}`);
    }
  }
  assert.deepEqual(numbers.sort((a, b) => a - b), Array.from({ length: EVENTS }, (_, i) => i));
});
