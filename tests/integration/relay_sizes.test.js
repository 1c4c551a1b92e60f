// Flag data of every size and form through Sluice, and streams that nobody reads or many hold: what is served is what upstream says but for the
// tracking, and nobody waits for who does not read.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { get } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { residentMiB } from './lib/memory.js';
import { SDK_KEY } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { RelayPlace } from './relay/place.js';

const require = createRequire(import.meta.url);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const CONTEXT = { kind: 'user', key: 'anna' };
const REACHES_SDKS_MS = 2000;

const flag = (key, fields) => serverFlag(key, { version: 3, variations: [true, false], ...fields });
const latestText = async ({ sluice }) => (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).text();

async function clientOf(t, { session: { flagsUri, eventsUri } }) {
  const client = require('@launchdarkly/node-server-sdk').init(SDK_KEY, {
    streamUri: flagsUri, baseUri: flagsUri, eventsUri, flushInterval: 3600, logger: quiet, diagnosticOptOut: true,
  });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 30 });
  return client;
}

// All flags are exported.
async function placeOf(t, flags) {
  const upstream = await EvaluatingUpstream.start(t, { flags, evaluates: false });
  const place = await RelayPlace.start(t, { upstream });
  await place.exportAll();
  await waitFor('tracking to be on', async () => (await latestText(place)).includes('"trackEvents":true'));
  return { upstream, place };
}

const rule = (i) => ({ id: `rule-${i}`, variation: 1, trackEvents: false, clauses: [{ contextKind: 'user', attribute: 'key', op: 'in', values: [`user-${i}`], negate: false }] });
const deep = `${'['.repeat(900)}${']'.repeat(900)}`;
const UNTRACKED = '"trackEvents":false,"debugEventsUntilDate":null}', TRACKED = '"trackEvents":true,"debugEventsUntilDate":null}';

// As upstream writes a flag; all end with UNTRACKED, and the tracking of nothing else in them may change.
const FORMS = {
  'ten thousand rules': `{"key":"odd","version":3,"on":true,"variations":[true,false],"fallthrough":{"variation":0},"rules":${JSON.stringify(Array.from({ length: 10_000 }, (_, i) => rule(i)))},${UNTRACKED}`,
  'a value of 900 levels': `{"key":"odd","version":3,"on":true,"variations":[${deep}],"fallthrough":{"variation":0},${UNTRACKED}`,
  'a model version that nobody knows': `{"modelVersion":9, "key":"odd","version":3,"on":{"when":"later"},"variations":{"a":1.50},"strategy":[{"trackEvents":false}],${UNTRACKED}`,
};

for (const [name, text] of Object.entries(FORMS)) {
  test(`a flag with ${name} is served byte for byte but for its tracking, and flags beside it work`, async (t) => {
    const { place } = await placeOf(t, { odd: text, plain: flag('plain') });
    assert.ok((await latestText(place)).includes(text.slice(0, -UNTRACKED.length) + TRACKED));
    const client = await clientOf(t, place);
    assert.equal(await client.variation('plain', CONTEXT, null), true);
    await client.flush();
    await place.arrival('its event', ({ kind, key }) => kind === 'feature' && key === 'plain');
  });
}

test('a put of 50 MB reaches an SDK', { timeout: 120_000 }, async (t) => {
  const filling = 'x'.repeat(100_000);
  const large = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`large-${i}`, flag(`large-${i}`, { variations: [filling, 'small'] })]));
  const { upstream, place } = await placeOf(t, { plain: flag('plain') });
  const before = await residentMiB(place.sluice.process.pid);
  upstream.flags = { ...large, plain: flag('plain', { version: 4, on: false }) };
  const put = upstream.put();
  assert.ok(put.length > 50_000_000);
  const began = performance.now();
  upstream.send('put', put);
  const counted = async () => (await place.sluice.api('GET', 'projects/test/environments/production/flag-source')).body.feeds[0].flags;
  await waitFor('Sluice to have it', async () => (await counted()) > 500, { timeoutMs: 60_000 });
  const heldMs = performance.now() - began;
  const client = await clientOf(t, place);
  const tookMs = performance.now() - began - heldMs;
  assert.equal(await client.variation('plain', CONTEXT, null), false);
  assert.equal((await client.variation('large-499', CONTEXT, null)).length, filling.length);
  const grown = (await residentMiB(place.sluice.process.pid)) - before;
  console.log(`relay: a put of ${Math.round(put.length / 1e6)} MB was held after ${(heldMs / 1000).toFixed(1)} s, and an SDK that began then was ready after ${(tookMs / 1000).toFixed(1)} s; memory grew by ${Math.round(grown)} MiB`);
});

test('streams that are opened and never read keep nobody waiting, and hold no copies', { timeout: 120_000 }, async (t) => {
  const STREAMS = 100, CHANGES = 20, MOST_MIB = 100;
  const filling = 'x'.repeat(100_000);
  const flags = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`large-${i}`, flag(`large-${i}`, { variations: [filling, 'small'] })]));
  const numbered = (version) => ({ ...flags, number: flag('number', { version, variations: [version] }) });
  const { upstream, place } = await placeOf(t, numbered(1));
  const client = await clientOf(t, place);
  const before = await residentMiB(place.sluice.process.pid);
  const sockets = Array.from({ length: STREAMS }, () => connect(place.sluice.port, '127.0.0.1'));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) socket.on('error', () => {}).pause().write(`GET /all HTTP/1.1\r\nHost: sluice\r\nAuthorization: ${SDK_KEY}\r\n\r\n`);
  const streams = async () => (await place.sluice.api('GET', 'projects/test/environments/production/flag-source')).body.feeds[0].streams;
  await waitFor('all streams', async () => (await streams()) >= STREAMS + 1);
  let slowestMs = 0;
  for (let version = 2; version <= CHANGES + 1; ++version) {
    upstream.flags = numbered(version);
    const began = performance.now();
    upstream.send('put', upstream.put());
    await waitFor('the change to reach the SDK', async () => (await client.variation('number', CONTEXT, null)) === version, { timeoutMs: REACHES_SDKS_MS, everyMs: 5 });
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
  const grown = (await residentMiB(place.sluice.process.pid)) - before;
  console.log(`relay: beside ${STREAMS} streams that nobody reads, ${CHANGES} puts of ${Math.round(upstream.put().length / 1e6)} MB reached the SDK after ${Math.round(slowestMs)} ms at most; memory grew by ${Math.round(grown)} MiB`);
  assert.ok(grown < MOST_MIB, `memory grew by ${grown} MiB`);
});

test('a restart with a thousand open streams ends in order, and SDKs find their flags again', { timeout: 120_000 }, async (t) => {
  const STREAMS = 1000, ENDS_MS = 20_000, FOUND_MS = 15_000;
  const { upstream, place } = await placeOf(t, { plain: flag('plain') });
  const client = await clientOf(t, place);
  let open = 0, broken = 0;
  const requests = Array.from({ length: STREAMS }, () => get(`${place.sluice.uri}/all`, { headers: { Authorization: SDK_KEY }, agent: false }, (response) => {
    open++;
    response.resume().on('end', () => open--).on('error', () => { open--; broken++; });
  }).on('error', () => broken++));
  t.after(() => requests.forEach((request) => request.destroy()));
  await waitFor('all streams', () => open === STREAMS);
  const began = performance.now();
  assert.equal(await place.sluice.process.stop('SIGTERM', { timeoutMs: ENDS_MS }), 0);
  const endedMs = performance.now() - began;
  await waitFor('all streams to end', () => open === 0);
  assert.equal(broken, 0, 'each stream ends as HTTP ends an answer');
  assert.equal(await client.variation('plain', CONTEXT, null), true);
  await place.sluice.launch();
  upstream.flags = { plain: flag('plain', { version: 4, on: false }) };
  upstream.endStreams();
  await waitFor('the SDK to follow again', async () => (await client.variation('plain', CONTEXT, null)) === false, { timeoutMs: FOUND_MS });
  console.log(`relay: with ${STREAMS} streams it ended after ${Math.round(endedMs)} ms`);
});
