// What a destination did is known after a restart, while it is off, and under another name.
import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-41570000-0000-4000-8000-00000000000a';

async function exporting(t) {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', apiKey: SDK_KEY }] });
  await waitFor('the key', async () => (await sluice.post([], { key: SDK_KEY })) === 202);
  const config = { region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri };
  const made = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', name: 'orders', on: true, config });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const at = `destinations/web/production/${made.body._id}`;
  await waitFor('the destination to deliver', async () => (await sluice.api('GET', `${at}/status`)).body.state !== 'off');
  return { sluice, at, id: made.body._id };
}

test('history and the last delivery outlive a restart, a kill, switching off and a new name', async (t) => {
  const { sluice, at, id } = await exporting(t);
  const status = async () => (await sluice.api('GET', `${at}/status`)).body;
  const delivered = async (span) => (await sluice.api('GET', `${at}/history?span=${span}`)).body.points.reduce((sum, point) => sum + point.delivered, 0);
  await sluice.post(Array.from({ length: 25 }, (_, i) => customEvent(`e${i}`)), { key: SDK_KEY });
  await waitFor('the delivery', async () => (await status()).deliveredEvents === 25);
  await waitFor('the history', async () => (await delivered('hour')) === 25);
  const { lastDelivery } = await status();
  assert.ok(new Date(lastDelivery) > Date.now() - 60_000, `${lastDelivery}`);
  const all = async (what) => {
    for (const span of ['hour', 'day', 'week']) assert.equal(await delivered(span), 25, `${span}, ${what}`);
    assert.equal((await status()).lastDelivery, lastDelivery, what);
  };
  const known = () => waitFor('the history to be read', async () => (await delivered('hour')) === 25 && (await status()).lastDelivery === lastDelivery);

  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  await known();
  await all('after a restart');
  const file = path.join(sluice.dataDir, 'history', `${id}.history`);
  assert.equal(lstatSync(file).mode & 0o777, 0o600);

  assert.equal((await sluice.api('PATCH', at, [{ op: 'replace', path: '/name', value: 'renamed' }])).status, 200);
  await waitFor('the new name', async () => (await sluice.status()).destinations[0].name === 'renamed');
  await all('under another name');
  assert.equal((await sluice.api('PATCH', at, [{ op: 'replace', path: '/on', value: false }])).status, 200);
  await waitFor('it to be off', async () => (await status()).state === 'off');
  await all('while it is off');
  await sluice.process.stop('SIGKILL');
  await sluice.launch();
  await known();
  await all('off, after a kill');
  assert.equal((await sluice.api('PATCH', at, [{ op: 'replace', path: '/on', value: true }])).status, 200);
  await waitFor('it to be on', async () => (await status()).state !== 'off');
  await all('on again');

  assert.equal((await sluice.api('DELETE', at)).status, 204);
  await waitFor('its history to be gone with it', async () => lstatSync(file, { throwIfNoEntry: false }) === undefined);
});
