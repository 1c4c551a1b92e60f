// SDKs take their flags through Sluice: a flag whose export is on is sent in full, and what its owner switches reaches them in seconds.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createRequire } from 'node:module';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { configText, ENVIRONMENT_ID, MOBILE_KEY, SDK_KEY, Sluice } from './lib/sluice.js';
import { eventOf } from './lib/events.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const REACHES_SDKS_MS = 2000;

const flags = (version = 1) => ({
  flags: {
    checkout: serverFlag('checkout', { version, variations: [true, false] }),
    banner: serverFlag('banner', { version, variations: ['blue', 'red'] }),
  },
});

// A configuration whose environment has these fields, and these flags chosen.
function relayConfig({ environment, chosen = {}, destinations = [] }) {
  const fields = Object.entries(environment).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n');
  const text = configText({ destinations }).replace('[[environment]]', `[[environment]]\n${fields}`);
  const declared = Object.entries(chosen).map(([key, on]) => `[[flag]]\nproject = "test"\nenvironment = "production"\nkey = "${key}"\nexport = ${on}\n`);
  return `${text}\n${declared.join('\n')}`;
}

const CHOSEN = { feature_events: 'chosen flags', export_new_flags: false };

async function startWithFiles(t, { text = JSON.stringify(flags()), name = 'flags.json', chosen = { checkout: true }, destinations } = {}) {
  const sluice = await Sluice.start(t);
  sluice.flagFile = path.join(sluice.dataDir, 'flag-files', name);
  await mkdir(path.dirname(sluice.flagFile), { recursive: true });
  await writeFile(sluice.flagFile, text);
  sluice.environmentFields = { ...CHOSEN, flag_source: 'files', flag_files: [name] };
  sluice.choose = async (now) => {
    await sluice.writeConfig(relayConfig({ environment: sluice.environmentFields, chosen: now, destinations }));
    sluice.reload();
  };
  await sluice.choose(chosen);
  await waitFor('flags to be served', async () => (await latest(sluice)).status === 200);
  await sluice.exports(destinations);
  return sluice;
}

const latest = (sluice, headers = {}, where = '/sdk/latest-all') => fetch(sluice.uri + where, { headers: { Authorization: SDK_KEY, ...headers } });

// The SDK of this package name with its flags and events through Sluice.
async function sdkOf(t, sluice, { name = '@launchdarkly/node-server-sdk', ...options } = {}) {
  const client = require(name).init(SDK_KEY, {
    streamUri: sluice.uri, baseUri: sluice.uri, eventsUri: sluice.uri, flushInterval: 3600, diagnosticOptOut: true,
    logger: { debug() {}, info() {}, warn() {}, error() {} }, ...options,
  });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 10 });
  return client;
}

const CONTEXT = { kind: 'user', key: 'anna' };
const recordsOf = async (kinesim) => (await kinesim.texts()).map((text) => eventOf(text));

test('a flag whose export is on is sent in full, another one is not; a switch reaches the SDK within two seconds', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await startWithFiles(t, { destinations: [kinesim.destination()] });
  const client = await sdkOf(t, sluice);
  const evaluationsOf = async (key) => (await recordsOf(kinesim)).filter((event) => event.kind === 'feature' && event.key === key);
  // True when this evaluation arrives in full.
  const isSentInFull = async (key) => {
    const before = (await evaluationsOf(key)).length;
    await client.variation(key, CONTEXT, 'none');
    client.track('done', CONTEXT); // what shows that the flush arrived
    const marks = (await recordsOf(kinesim)).filter((event) => event.kind === 'custom').length;
    await client.flush();
    await waitFor('the flush to arrive', async () => (await recordsOf(kinesim)).filter((event) => event.kind === 'custom').length > marks);
    return (await evaluationsOf(key)).length > before;
  };
  assert.equal(await isSentInFull('checkout'), true);
  assert.equal(await isSentInFull('banner'), false);
  await sluice.choose({ checkout: false, banner: true });
  const switched = performance.now();
  await waitFor('the switch to reach the SDK', async () => (await isSentInFull('banner')) && !(await isSentInFull('checkout')), { timeoutMs: REACHES_SDKS_MS, everyMs: 50 });
  console.log(`relay: a switch reached the SDK after ${Math.round(performance.now() - switched)} ms`);
  const [event] = await evaluationsOf('checkout');
  assert.equal(event.version, 1, 'the version is the flag\'s own');
  assert.equal(event.value, true);
});

test('a flag data file that changes reaches SDKs, and one that cannot be read leaves them what they have', async (t) => {
  const sluice = await startWithFiles(t);
  const client = await sdkOf(t, sluice);
  assert.equal(await client.variation('banner', CONTEXT, 'none'), 'blue');
  const other = flags(2);
  other.flags.banner.fallthrough.variation = 1;
  await writeFile(sluice.flagFile, '{"flags": {');
  await waitFor('the log to name the file', () => /relay\.no_flags.*flags\.json/.test(sluice.process.output));
  assert.equal(await client.variation('banner', CONTEXT, 'none'), 'blue');
  await writeFile(sluice.flagFile, JSON.stringify(other));
  await waitFor('the SDK to have it', async () => (await client.variation('banner', CONTEXT, 'none')) === 'red', { timeoutMs: 3000 });
});

test('SDKs that poll get an ETag that changes with the selection, and 304 while nothing does', async (t) => {
  const sluice = await startWithFiles(t, { name: 'flags.yaml', text: 'flagValues:\n  checkout: true\n  banner: blue\n' });
  const first = await latest(sluice);
  const etag = first.headers.get('etag');
  assert.equal((await first.json()).flags.checkout.trackEvents, true);
  assert.equal((await latest(sluice, { 'If-None-Match': etag })).status, 304);
  await sluice.choose({ checkout: true, banner: true });
  await waitFor('another ETag', async () => (await latest(sluice, { 'If-None-Match': etag })).status === 200);
  const one = await latest(sluice, {}, '/sdk/flags/banner');
  assert.equal((await one.json()).trackEvents, true);
  assert.equal((await latest(sluice, {}, '/sdk/flags/nobody')).status, 404);
  assert.equal((await fetch(`${sluice.uri}/all`)).status, 401);
  const client = await sdkOf(t, sluice, { stream: false, pollInterval: 1 });
  assert.equal(await client.variation('banner', CONTEXT, 'none'), 'blue');
});

test('flags of an upstream are served while it is away, and after a restart without it', async (t) => {
  const upstream = await startWithFiles(t, { chosen: {} });
  const sluice = await Sluice.start(t);
  const environment = { ...CHOSEN, flag_source: 'launchdarkly', flag_stream_uri: upstream.uri };
  await sluice.writeConfig(relayConfig({ environment, chosen: { checkout: true } }));
  sluice.reload();
  await waitFor('flags to be served', async () => (await latest(sluice)).status === 200);
  const client = await sdkOf(t, sluice);
  const other = flags(2);
  other.flags.banner.fallthrough.variation = 1;
  await writeFile(upstream.flagFile, JSON.stringify(other));
  await waitFor('the change to pass through both', async () => (await client.variation('banner', CONTEXT, 'none')) === 'red', { timeoutMs: 4000 });
  await upstream.process.stop('SIGKILL');
  await waitFor('the log to say so', () => sluice.process.output.includes('relay.no_flags'));
  assert.equal((await (await latest(sluice)).json()).flags.banner.version, 2);
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  const kept = await (await latest(sluice)).json();
  assert.equal(kept.flags.banner.version, 2);
  assert.equal(kept.flags.checkout.trackEvents, true);
});

test('mobile apps and browsers are evaluated by upstream, with tracking for the flags whose export is on', async (t) => {
  const upstream = await EvaluatingUpstream.start(t, flags());
  const sluice = await Sluice.start(t);
  const environment = { ...CHOSEN, flag_source: 'launchdarkly', flag_stream_uri: upstream.uri, flag_reasons: true };
  await sluice.writeConfig(relayConfig({ environment, chosen: { checkout: true } }));
  sluice.reload();
  const encoded = Buffer.from(JSON.stringify(CONTEXT)).toString('base64url');
  const browser = `${sluice.uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/${encoded}`;
  await waitFor('evaluations', async () => (await fetch(browser)).status === 200);
  const answer = await fetch(browser, { headers: { Origin: 'https://shop.example' } });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://shop.example');
  const evaluated = await answer.json();
  assert.equal(evaluated.checkout.value, true);
  assert.equal(evaluated.checkout.trackEvents, true);
  assert.equal(evaluated.checkout.trackReason, true);
  assert.deepEqual(evaluated.checkout.reason.kind, 'FALLTHROUGH');
  assert.equal(evaluated.banner.value, 'blue');
  assert.equal(evaluated.banner.trackEvents, undefined);
  assert.equal(evaluated.banner.reason, undefined, 'rules do not leak to who did not ask');
  const etag = answer.headers.get('etag');
  assert.equal((await fetch(browser, { headers: { 'If-None-Match': etag } })).status, 304);

  const mobile = await fetch(`${sluice.uri}/msdk/evalx/context`, {
    method: 'REPORT', headers: { Authorization: MOBILE_KEY, 'Content-Type': 'application/json' }, body: JSON.stringify(CONTEXT),
  });
  assert.equal((await mobile.json()).checkout.trackEvents, true);
  const last = upstream.asked.at(-1);
  assert.deepEqual([last.method, last.path, last.authorization, JSON.parse(last.body)], ['REPORT', '/msdk/evalx/context', MOBILE_KEY, CONTEXT]);
  assert.equal((await fetch(`${sluice.uri}/sdk/goals/${ENVIRONMENT_ID}`)).status, 200);

  // A stream of pings: one now, one when a switch was flipped.
  const stream = await fetch(`${sluice.uri}/eval/${ENVIRONMENT_ID}/${encoded}`);
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const pings = async (count) => {
    while (text.split('event: ping').length <= count) text += (await reader.read()).value;
  };
  await pings(1);
  await sluice.writeConfig(relayConfig({ environment, chosen: { checkout: true, banner: true } }));
  sluice.reload();
  await pings(2);
  assert.equal((await (await fetch(browser)).json()).banner.trackEvents, true);
  await reader.cancel();
});
