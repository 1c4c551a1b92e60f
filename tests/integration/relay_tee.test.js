// With flag delivery, LaunchDarkly gets through the tee what it would get without Sluice: the evaluations that only Sluice's switch caused are cut.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { eventOf } from './lib/events.js';
import { serverFlag } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { Recorder, tee } from './lib/recorder.js';
import { configText, ENVIRONMENT_ID, MOBILE_KEY, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const { init } = require('@launchdarkly/node-server-sdk');

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const CONTEXTS = [
  { kind: 'user', key: 'anna', country: 'NL' }, { kind: 'user', key: 'ben', country: 'BE' }, { kind: 'user', key: 'carl', country: 'CH' },
];
const clause = (country) => ({ attribute: 'country', contextKind: 'user', op: 'in', values: [country], negate: false });

// One flag for each way in which LaunchDarkly has evaluations sent in full, and for those in which it does not.
const FLAGS = {
  quiet: serverFlag('quiet', { variations: [true, false] }),
  loud: serverFlag('loud', { variations: [1.5, 2], trackEvents: true }),
  off: serverFlag('off', { variations: [1, 2], on: false }),
  trial: serverFlag('trial', {
    variations: ['a', 'b'],
    fallthrough: { rollout: { kind: 'experiment', contextKind: 'user', seed: 7, variations: [{ variation: 0, weight: 50000 }, { variation: 1, weight: 50000 }] } },
  }),
  ruled: serverFlag('ruled', {
    variations: ['nl', 'be', 'rest'], fallthrough: { variation: 2 },
    rules: [
      { id: 'r0', variation: 0, clauses: [clause('NL')], trackEvents: false }, { id: 'r1', variation: 1, clauses: [clause('BE')], trackEvents: true },
    ],
  }),
  rest: serverFlag('rest', {
    variations: ['yes', 'no'], trackEventsFallthrough: true, targets: [{ variation: 1, values: ['anna'] }],
    rules: [{ id: 'r0', variation: 1, clauses: [clause('BE')], trackEvents: false }],
  }),
  debugged: serverFlag('debugged', { variations: [{ deep: [1e2] }], debugEventsUntilDate: Date.now() + 3_600_000 }),
  dependent: serverFlag('dependent', { variations: [true, false], prerequisites: [{ key: 'quiet', variation: 0 }] }),
};

// LaunchDarkly's stream of flags; `say` tells other ones.
async function startUpstream(t, flags) {
  const streams = new Set();
  const put = (data) => `event: put\ndata: ${JSON.stringify({ path: '/', data: { flags: data, segments: {} } })}\n\n`;
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(put(flags));
    streams.add(response.on('close', () => streams.delete(response)));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const stop = () => { server.closeAllConnections(); server.close(); };
  t.after(stop);
  const say = (now) => { flags = now; for (const stream of streams) stream.write(put(now)); };
  return { uri: `http://127.0.0.1:${server.address().port}`, say, stop };
}

async function startSluice(t, upstream, { destinations, fields = {}, settings } = {}) {
  const sluice = await Sluice.start(t, { settings });
  const environment = { feature_events: 'chosen flags', export_all_flags: true, flag_source: 'launchdarkly', flag_stream_uri: upstream.uri, ...fields };
  const lines = Object.entries(environment).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n');
  await sluice.writeConfig(configText({ settings, destinations }).replace('[[environment]]', `[[environment]]\n${lines}`));
  sluice.reload();
  await waitFor('flags to be served', async () => (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).status === 200);
  await sluice.exports(destinations);
  return sluice;
}

async function sdkOf(t, { streamUri, eventsUri }) {
  const client = init(SDK_KEY, { streamUri, baseUri: streamUri, eventsUri, flushInterval: 3600, diagnosticOptOut: true, logger: quiet });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 10 });
  return client;
}

// Evaluates all flags for all contexts, once with reasons.
async function drive(client) {
  for (const context of CONTEXTS)
    for (const key of [...Object.keys(FLAGS), 'unknown']) {
      await client.variation(key, context, null);
      await client.variationDetail(key, context, null);
    }
  client.track('done', CONTEXTS[0], { n: 1 }, 2.5);
  client.identify(CONTEXTS[1]);
  await client.flush();
}

const textOf = ({ headers, body }) => (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
const eventsOf = (recorder) => recorder.payloads().flatMap((request) => JSON.parse(textOf(request)));
// Without times, which differ between two runs, in an order of their own.
const comparable = (events) => events.map((event) => JSON.stringify(event, (name, value) => (/Date$/.test(name) ? undefined : value))).sort();

test('a real SDK through the relay: LaunchDarkly gets exactly the events that it gets without, and the stream gets all', async (t) => {
  const upstream = await startUpstream(t, FLAGS);
  const direct = await Recorder.start(t), through = await Recorder.start(t), kinesim = await Kinesim.start(t);
  const sluice = await startSluice(t, upstream, { destinations: [tee(through), kinesim.destination()] });
  await drive(await sdkOf(t, { streamUri: upstream.uri, eventsUri: direct.uri }));
  await drive(await sdkOf(t, { streamUri: sluice.uri, eventsUri: sluice.uri }));
  await waitFor('the events', () => through.payloads().length > 0 && direct.payloads().length > 0);
  const expected = eventsOf(direct), got = eventsOf(through);
  assert.deepEqual(comparable(got), comparable(expected));
  const keys = new Set(expected.filter(({ kind }) => kind === 'feature').map(({ key }) => key));
  assert.deepEqual([...keys].sort(), ['loud', 'rest', 'ruled', 'trial'], 'the test has something to compare');
  assert.ok(expected.some(({ kind }) => kind === 'debug'));
  // Sluice's own stream has all of them.
  const evaluations = CONTEXTS.length * 2 * (Object.keys(FLAGS).length + 1);
  await waitFor('the stream', async () => (await kinesim.texts()).filter((text) => eventOf(text).kind === 'feature').length === evaluations);
  // The status is of some time within the last second.
  await waitFor('the status', async () => (await sluice.destination('launchdarkly')).deliveredEvents === through.payloads().length);
  const { cutEvents, deliveredEvents } = await sluice.destination('launchdarkly');
  assert.equal(cutEvents, evaluations - expected.filter(({ kind }) => kind === 'feature').length);
  assert.equal(deliveredEvents, through.payloads().length, 'payloads are what it counts');
  assert.equal((await sluice.metrics()).value('sluice_destination_cut_events_total'), cutEvents);
});

test('with reasons for exported flags LaunchDarkly gets no evaluation more', async (t) => {
  const upstream = await startUpstream(t, FLAGS);
  const direct = await Recorder.start(t), through = await Recorder.start(t);
  const sluice = await startSluice(t, upstream, { destinations: [tee(through)], fields: { flag_reasons: true } });
  await drive(await sdkOf(t, { streamUri: upstream.uri, eventsUri: direct.uri }));
  await drive(await sdkOf(t, { streamUri: sluice.uri, eventsUri: sluice.uri }));
  await waitFor('the events', () => through.payloads().length > 0 && direct.payloads().length > 0);
  const plain = (recorder) => comparable(eventsOf(recorder).map(({ reason, ...event }) => event));
  assert.deepEqual(plain(through), plain(direct));
});

test('events that waited over a restart are judged by the version that their SDK had', async (t) => {
  const quiet1 = serverFlag('quiet', { version: 1, variations: [true, false] });
  const upstream = await startUpstream(t, { quiet: quiet1 });
  const recorder = await Recorder.start(t);
  recorder.answer = () => 503;
  const settings = { shutdown: { drain: '100 ms' } };
  const sluice = await startSluice(t, upstream, { destinations: [tee(recorder)], settings });
  const client = await sdkOf(t, { streamUri: sluice.uri, eventsUri: sluice.uri });
  const evaluate = async () => {
    assert.equal(await client.variation('quiet', CONTEXTS[0], null), true);
    client.track('done', CONTEXTS[0]);
    await client.flush();
  };
  await evaluate();
  // Version 2 is tracked by upstream itself, version 3 is not.
  for (const version of [2, 3]) {
    upstream.say({ quiet: { ...quiet1, version, trackEvents: version === 2 } });
    await waitFor('the SDK to have it', async () => (await client.allFlagsState(CONTEXTS[0])).toJSON().$flagsState.quiet.version === version);
    await evaluate();
  }
  await sluice.process.stop('SIGTERM');
  upstream.stop();
  recorder.answer = () => 202;
  await sluice.launch();
  const customs = () => eventsOf(recorder).filter(({ kind }) => kind === 'custom').length;
  await waitFor('what waited', () => customs() === 3, { timeoutMs: 60_000 });
  assert.deepEqual(eventsOf(recorder).filter(({ kind }) => kind === 'feature').map(({ version }) => version), [2]);
  await waitFor('the status', async () => (await sluice.destination('launchdarkly')).cutEvents === 2);
});

test('payloads of mobile apps and browsers are judged, and keep their bytes and their payload id', async (t) => {
  const upstream = await startUpstream(t, FLAGS);
  const recorder = await Recorder.start(t);
  const sluice = await startSluice(t, upstream, { destinations: [tee(recorder)] });
  const feature = (key, version) => `{"kind":"feature","key":"${key}","version":${version},"value":1.50,"creationDate":1.7e12}`;
  const kept = [' {"kind":"index"}', `\n${feature('loud', 11)}`, feature('quiet', 12), '{"kind":"summary","features":{}}'];
  const body = Buffer.from(`[${[kept[0], feature('quiet', 11), kept[1], kept[2], feature('quiet', 11), kept[3]].join(',')} ]`);
  const post = (path, id, headers, bytes) => fetch(sluice.uri + path, {
    method: 'POST', body: bytes, headers: { 'Content-Type': 'application/json', 'X-LaunchDarkly-Event-Schema': '4', 'X-LaunchDarkly-Payload-ID': id, ...headers },
  });
  const untouched = gzipSync(Buffer.from(`[${feature('loud', 11)}]`), { level: 9 });
  const gzip = { 'Content-Encoding': 'gzip' };
  for (const [path, id, headers, bytes] of [
    ['/mobile', 'p-mobile', { Authorization: MOBILE_KEY }, body], [`/events/bulk/${ENVIRONMENT_ID}`, 'p-browser', gzip, gzipSync(body)],
    ['/bulk', 'p-untouched', { Authorization: SDK_KEY, ...gzip }, untouched], ['/bulk', 'p-old', { Authorization: SDK_KEY, 'X-LaunchDarkly-Event-Schema': '2' }, body],
    ['/bulk', 'p-nothing-left', { Authorization: SDK_KEY }, Buffer.from(`[${feature('quiet', 11)}]`)],
  ]) assert.equal((await post(path, id, headers, bytes)).status, 202);
  await waitFor('all to be done with', async () => (await sluice.destination('launchdarkly')).deliveredEvents === 5);
  const byId = Object.fromEntries(recorder.payloads().map((request) => [request.headers['x-launchdarkly-payload-id'], request]));
  assert.deepEqual(Object.keys(byId).sort(), ['p-browser', 'p-mobile', 'p-old', 'p-untouched']);
  for (const id of ['p-mobile', 'p-browser']) assert.equal(textOf(byId[id]), `[${kept.join(',')} ]`);
  assert.equal(byId['p-browser'].headers['content-encoding'], 'gzip');
  assert.deepEqual(byId['p-untouched'].body, untouched);
  assert.deepEqual(byId['p-old'].body, body, 'its SDK sends every evaluation by itself');
  assert.equal((await sluice.destination('launchdarkly')).cutEvents, 5);
});
