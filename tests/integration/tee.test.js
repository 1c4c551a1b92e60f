// The tee to LaunchDarkly: what the recorder in its place gets is, byte for byte, what SDKs send directly; an outage and kill -9 lose
// nothing, and double only whole payloads under the same payload id.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openPage } from './lib/browser_page.js';
import { startFlagServer, TRACKED_FLAGS } from './lib/flag_server.js';
import { freePort } from './lib/process.js';
import { Recorder, shapeOf, tee } from './lib/recorder.js';
import { sdks } from './lib/sdks.js';
import { customEvent, ENVIRONMENT_ID, MOBILE_KEY, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);

for (const sdk of sdks.filter(({ name }) => /^Node (server SDK 9|client SDK)/.test(name))) {
  test(`${sdk.name}: LaunchDarkly gets the same through the tee as directly`, async (t) => {
    const flags = await startFlagServer(t);
    const direct = await Recorder.start(t);
    const through = await Recorder.start(t);
    const sluice = await Sluice.start(t, { destinations: [tee(through)] });
    const options = { sdkKey: SDK_KEY, environmentId: ENVIRONMENT_ID, flagsUri: flags.uri, run: 'run', contexts: 3 };
    await sdk.drive({ ...options, intakeUri: direct.uri });
    await sdk.drive({ ...options, intakeUri: sluice.uri });
    await waitFor('the payloads', () => through.payloads().length >= direct.payloads().length && direct.payloads().length > 0);
    assert.deepEqual(through.payloads().map(shapeOf), direct.payloads().map(shapeOf));
    for (const { headers } of through.payloads()) {
      assert.ok(headers['x-launchdarkly-payload-id'], 'the payload id is forwarded');
      if (headers.authorization !== undefined) assert.equal(headers.authorization, SDK_KEY);
    }
    await waitFor('diagnostics', () => through.requests.filter(({ url }) => url.includes('diagnostic')).length
      >= direct.requests.filter(({ url }) => url.includes('diagnostic')).length);
  });
}

// Runs in the page.
async function shop({ environmentId, intakeUri, flagsUri, flags }) {
  const client = window.sdk.createClient(environmentId, { kind: 'user', key: 'anna', country: 'NL' }, { baseUri: flagsUri, streamUri: flagsUri, eventsUri: intakeUri, flushInterval: 3600 });
  client.start();
  await client.waitForInitialization({ timeout: 10 });
  for (const flag of flags) client.variation(flag, null);
  client.track('order-placed', { items: 2 }, 9.5);
  await client.flush();
}

test('browser SDK 4: LaunchDarkly gets the same through the tee as directly', async (t) => {
  const flags = await startFlagServer(t);
  const direct = await Recorder.start(t);
  const through = await Recorder.start(t);
  const sluice = await Sluice.start(t, { destinations: [tee(through)] });
  const module = path.join(path.dirname(require.resolve('@launchdarkly/js-client-sdk')), 'index.js');
  for (const intakeUri of [direct.uri, sluice.uri]) {
    const page = await openPage(t, module);
    await page.evaluate(shop, { environmentId: ENVIRONMENT_ID, intakeUri, flagsUri: flags.uri, flags: Object.keys(TRACKED_FLAGS) });
  }
  await waitFor('the payloads', () => through.payloads().length >= direct.payloads().length && direct.payloads().length > 0);
  assert.deepEqual(through.payloads().map(shapeOf), direct.payloads().map(shapeOf));
  for (const { url, headers } of through.payloads()) {
    assert.ok(url.startsWith(`/events/bulk/${ENVIRONMENT_ID}`));
    assert.equal(headers.authorization, undefined);
  }
});

test('bytes arrive as they were sent, under the credential of their kind, whatever the flags export', async (t) => {
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const body = gzipSync(Buffer.from(JSON.stringify([customEvent('a'), { kind: 'summary', features: {} }, 'no event at all'])));
  const send = (path, headers) => fetch(sluice.uri + path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', ...headers } });
  assert.equal((await send('/bulk', { Authorization: SDK_KEY, 'X-LaunchDarkly-Payload-ID': 'id-1', 'User-Agent': 'MySDK/1', 'X-Forwarded-For': '10.0.0.1' })).status, 202);
  assert.equal((await send('/mobile', { Authorization: MOBILE_KEY, 'X-LaunchDarkly-Payload-ID': 'id-2' })).status, 202);
  assert.equal((await send(`/events/bulk/${ENVIRONMENT_ID}`, { 'X-LaunchDarkly-Payload-ID': 'id-3' })).status, 202);
  await waitFor('three payloads', () => recorder.requests.length === 3);
  const byId = Object.fromEntries(recorder.requests.map((request) => [request.headers['x-launchdarkly-payload-id'], request]));
  for (const request of recorder.requests) assert.deepEqual(request.body, body);
  assert.equal(byId['id-1'].url, '/bulk');
  assert.equal(byId['id-1'].headers.authorization, SDK_KEY);
  assert.equal(byId['id-1'].headers['user-agent'], 'MySDK/1');
  assert.equal(byId['id-1'].headers['x-forwarded-for'], undefined);
  assert.equal(byId['id-2'].url, '/mobile');
  assert.equal(byId['id-2'].headers.authorization, MOBILE_KEY);
  assert.equal(byId['id-3'].url, `/events/bulk/${ENVIRONMENT_ID}`);
  assert.equal(byId['id-3'].headers.authorization, undefined);
});

test('a credential that is refused holds up no other, also after a restart, when nothing but its payloads lies in front', { timeout: 120_000 }, async (t) => {
  const recorder = await Recorder.start(t);
  recorder.answer = ({ url }) => (url.startsWith('/events/') ? 403 : 202);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const post = async (path, headers, n, pad = '') => {
    const body = JSON.stringify([customEvent(`p-${n}`, { data: pad })]);
    const response = await fetch(sluice.uri + path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', 'X-LaunchDarkly-Payload-ID': `p-${n}`, ...headers } });
    assert.equal(response.status, 202);
  };
  const client = `/events/bulk/${ENVIRONMENT_ID}`, CLIENTS = 700;
  await post(client, {}, 'large', 'x'.repeat(3 << 20));
  for (let n = 0; n < CLIENTS; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => post(client, {}, n + i)));
  await waitFor('the lane to be refused', async () => (await sluice.destination('launchdarkly')).problem?.code === 'http_403');
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  await post('/bulk', { Authorization: SDK_KEY }, 'server');
  await waitFor("the other credential's payload", () => recorder.payloads().some(({ headers }) => headers['x-launchdarkly-payload-id'] === 'p-server'));
  const status = await sluice.destination('launchdarkly');
  assert.equal(status.deadLetteredEvents, 0);
  assert.match(status.problem.message, /client-side id/);
  // The client-side id is right again: everything comes.
  recorder.answer = () => 202;
  const came = () => new Set(recorder.payloads().map(({ headers }) => headers['x-launchdarkly-payload-id']));
  await waitFor('all that waited', () => came().size === CLIENTS + 2, { timeoutMs: 90_000 });
});

test('an outage and kill -9 lose nothing, and double only whole payloads under the same payload id', async (t) => {
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const sent = new Map();
  const post = async (n) => {
    const body = JSON.stringify([customEvent(`k-${n}`), customEvent(`k-${n}-b`)]);
    const id = `payload-${n}`;
    const response = await fetch(`${sluice.uri}/bulk`, { method: 'POST', body, headers: { Authorization: SDK_KEY, 'Content-Type': 'application/json', 'X-LaunchDarkly-Payload-ID': id } });
    assert.equal(response.status, 202);
    sent.set(id, body);
  };
  let n = 0;
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 50; i++) await post(n++);
    recorder.answer = [() => 503, () => 0, () => 429, () => 202][round];
    for (let i = 0; i < 50; i++) await post(n++);
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
    if (round === 1) recorder.answer = () => 202;
  }
  recorder.answer = () => 202;
  await waitFor('all payloads', () => new Set(recorder.payloads().map(({ headers }) => headers['x-launchdarkly-payload-id'])).size === sent.size, { timeoutMs: 60_000 });
  for (const { headers, body } of recorder.payloads()) assert.equal(body.toString(), sent.get(headers['x-launchdarkly-payload-id']));
});

test('a dead mobile key stops mobile payloads alone, says so, and its payloads go when it is fixed', async (t) => {
  const recorder = await Recorder.start(t);
  recorder.answer = ({ headers }) => (headers.authorization === MOBILE_KEY ? 401 : 202);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const mobile = await fetch(`${sluice.uri}/mobile`, { method: 'POST', body: JSON.stringify([customEvent('m')]), headers: { Authorization: MOBILE_KEY, 'Content-Type': 'application/json' } });
  assert.equal(mobile.status, 202);
  await waitFor('it to be blocked', async () => (await sluice.destination('launchdarkly')).state === 'blocked');
  assert.equal(await sluice.post([customEvent('s')]), 202);
  await waitFor('the SDK key\'s payload', () => recorder.payloads().length === 1);
  const { problem, lanes } = await sluice.destination('launchdarkly');
  assert.equal(problem.code, 'http_401');
  assert.match(problem.message, /refuses the environment's mobile key \(401\)/);
  assert.match(problem.remedy, /mobile key/);
  assert.doesNotMatch(JSON.stringify(await sluice.status()), new RegExp(MOBILE_KEY));
  assert.equal(lanes.find(({ credential }) => credential === 'mobile_key').payloads, 1);
  recorder.answer = () => 202;
  await waitFor('the mobile payload', () => recorder.payloads().length === 2, { timeoutMs: 70_000 });
});

test('a target that leads back to a Sluice is refused', async (t) => {
  const port = await freePort();
  const sluice = await Sluice.start(t, { port, destinations: [tee({ uri: `http://127.0.0.1:${port}` })] });
  assert.equal(await sluice.post([customEvent('a')]), 202);
  await waitFor('it to be blocked', async () => (await sluice.destination('launchdarkly')).state === 'blocked');
  const { problem } = await sluice.destination('launchdarkly');
  assert.equal(problem.code, 'target_is_sluice');
  assert.match(problem.message, /in circles/);
});

test('by the API: checked before it is saved, a test event with a receipt, and no settings that would change payloads', async (t) => {
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  assert.equal((await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] })).status, 201);
  const draft = { kind: 'launchdarkly-events', on: true, config: { eventsUri: recorder.uri } };
  const checked = await sluice.api('POST', 'destinations/web/production/check', draft);
  assert.equal(checked.status, 200);
  assert.ok(checked.body.ok, JSON.stringify(checked.body));
  const help = await sluice.api('POST', 'destinations/web/production/policies', draft);
  assert.match(help.body.sdk, /events address/);
  const made = await sluice.api('POST', 'destinations/web/production', draft);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const at = `destinations/web/production/${made.body._id}`;
  await waitFor('a test event', async () => (await sluice.api('POST', `${at}/test-event`)).body.delivered);
  const { body: tested } = await sluice.api('POST', `${at}/test-event`);
  assert.match(tested.where, /answered 202/);
  assert.ok(recorder.requests.some(({ body }) => body.toString().includes(tested.eventId)));
  for (const [config, message] of [
    [{ kinds: ['custom'] }, /does not have this setting: It forwards payloads as SDKs sent them/],
    [{ dropAttributes: ['email'] }, /does not have this setting/],
    [{ start: 'oldest' }, /starts with what comes from now on/],
    [{ site: 'x' }, /not a site of LaunchDarkly/],
    [{ eventsUri: 'ftp://x' }, /config\.eventsUri/],
    [{ eventsUri: 'https://10.1.2.3' }, /10\.1\.2\.3/],
    [{ maxAge: '1 s' }, /1 min to 365 d/],
  ]) {
    const refused = await sluice.api('POST', 'destinations/web/production', { ...draft, config: { ...draft.config, ...config } });
    assert.equal(refused.status, 400, JSON.stringify(config));
    assert.match(refused.body.message, message);
  }
  const replayed = await sluice.api('POST', `${at}/replay`, { from: Date.now() - 1000 });
  assert.equal(replayed.status, 400);
  assert.match(replayed.body.message, /has no replay/);
});
