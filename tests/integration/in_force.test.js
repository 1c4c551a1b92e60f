// 201 and 200 mean in force: what the API has answered holds for the very next request of an SDK. An SDK that is told 401 stops for good,
// and an event that misses a new destination misses it for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const TIMES = 100;

async function managed(t) {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  const sluice = await Sluice.start(t, { managed: true });
  const { body } = await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  const key = body.environments?.items?.[0]?.apiKey ?? (await sluice.api('GET', 'projects/web/environments/production')).body.apiKey;
  const config = { region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri };
  const make = async (more = {}) => {
    const { status, body: made } = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', on: true, config, ...more });
    assert.equal(status, 201, JSON.stringify(made));
    return `destinations/web/production/${made._id}`;
  };
  const post = async (name) => assert.equal(await sluice.post([customEvent(name)], { key }), 202);
  return { kinesim, sluice, key, make, post };
}
const patch = async (sluice, at, path, value) => {
  const { status, body } = await sluice.api('PATCH', at, [{ op: 'replace', path, value }]);
  assert.equal(status, 200, JSON.stringify(body));
};
const keysOf = async (kinesim) => (await kinesim.texts()).map((text) => JSON.parse(text).event.key);

test('the key of a new environment is taken by the next request, × 100', async (t) => {
  const { sluice } = await managed(t);
  for (let i = 0; i < TIMES; ++i) {
    const { status, body } = await sluice.api('POST', 'projects/web/environments', { key: `e${i}`, name: `E${i}`, color: 'ff00ff' });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(await sluice.post([customEvent('first')], { key: body.apiKey }), 202, `environment ${i}`);
  }
});

test('a destination gets every event from its creation on, × 100', async (t) => {
  const { sluice, make, post } = await managed(t);
  const made = [];
  for (let i = 0; i < TIMES; ++i) {
    made.push(await make());
    await post(`e${i}`);
  }
  const ids = new Map(made.map((at, i) => [at.split('/').at(-1), TIMES - i]));
  await waitFor('all of them', async () => {
    const { destinations } = await sluice.status();
    return destinations.length === TIMES && destinations.every(({ id, deliveredEvents }) => deliveredEvents === ids.get(id));
  }, { timeoutMs: 60_000 });
});

test('a key that was reset or deleted is refused by the next request, and the new one taken', async (t) => {
  const { sluice, key } = await managed(t);
  for (let i = 0, old = key; i < 20; ++i) {
    const { body } = await sluice.api('POST', 'projects/web/environments/production/apiKey');
    assert.equal(await sluice.post([customEvent('new')], { key: body.apiKey }), 202);
    assert.equal(await sluice.post([customEvent('old')], { key: old }), 401);
    old = body.apiKey;
  }
  const { body: other } = await sluice.api('POST', 'projects/web/environments', { key: 'other', name: 'Other', color: 'ff00ff' });
  assert.equal((await sluice.api('DELETE', 'projects/web/environments/other')).status, 204);
  assert.equal(await sluice.post([customEvent('gone')], { key: other.apiKey }), 401);
});

test('a filter, and switching on and off, hold for the next event', async (t) => {
  const { kinesim, sluice, make, post } = await managed(t);
  const at = await make();
  const excluded = [];
  for (let i = 0; i < 20; ++i) {
    excluded.push(`x${i}`);
    const { status } = await sluice.api('PATCH', at, [{ op: 'add', path: '/config/neverEvents', value: excluded }]);
    assert.equal(status, 200);
    await Promise.all([post(`x${i}`), post(`y${i}`)]);
  }
  // What was accepted and not read yet goes out under the settings that are in force when it is.
  await waitFor('all to be read', async () => {
    const [found] = (await sluice.status()).destinations;
    return found.deliveredEvents === 20 && found.filteredEvents === 20;
  });
  await sluice.api('PATCH', at, [{ op: 'remove', path: '/config/neverEvents' }]);
  for (let i = 0; i < 10; ++i) {
    await patch(sluice, at, '/on', false);
    await patch(sluice, at, '/on', true);
    await post(`on${i}`);
  }
  await post('last');
  await waitFor('the last', async () => (await keysOf(kinesim)).includes('last'), { timeoutMs: 60_000 });
  await patch(sluice, at, '/on', false);
  await post('while off');
  const off = await waitFor('it to be shown as waiting', async () => {
    const found = (await sluice.status()).destinations[0];
    return found.state === 'off' && found.backlog.events === 1 && found;
  });
  assert.equal(off.acceptedEvents, off.deliveredEvents + off.filteredEvents + 1, 'one that is off shows its numbers');
  const keys = await keysOf(kinesim);
  assert.deepEqual(keys.filter((name) => excluded.includes(name)), []);
  assert.deepEqual([...keys].sort(), [...Array.from({ length: 20 }, (_, i) => `y${i}`), ...Array.from({ length: 10 }, (_, i) => `on${i}`), 'last'].sort());
});
