// Servers that answer destinations badly: no HTTP, answers cut short or without end, redirects, certificates that are no good, buckets of
// another kind than expected. Each is told with its host and a remedy, is not asked in a tight loop, and loses nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from './lib/events.js';
import { certificates, FaultyProxy, FAULTS } from './lib/faulty_proxy.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { Bucket } from './lib/objects.js';
import { temporaryFolder } from './lib/process.js';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { WebhookReceiver } from './lib/webhook_receiver.js';

const BUCKET = 'flag-events';
const REQUESTS_PER_S = 4; // of one destination that fails, at most on average
const WATCHED_MS = 5_000;
// What a message names: the host, or what AWS has there.
const NAMES = { kinesis: ['127.0.0.1', 'flag-events'], s3: ['127.0.0.1', BUCKET], webhook: ['127.0.0.1'], 'launchdarkly-events': ['127.0.0.1'] };

// One destination of each kind, each behind a proxy of its own. `arrived[kind]()`: the keys of the events that its server has.
async function startAll(t, { tls, env } = {}) {
  const streams = await Kinesim.start(t, { streams: { 'flag-events': 2 } });
  const buckets = await Kinesim.start(t, { streams: {} });
  await buckets.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });
  const receiver = await WebhookReceiver.start(t);
  const recorder = await Recorder.start(t);
  const ports = { kinesis: streams.port, s3: buckets.port, webhook: Number(new URL(receiver.uri).port), 'launchdarkly-events': recorder.port };
  const proxies = {};
  for (const [kind, port] of Object.entries(ports)) proxies[kind] = await FaultyProxy.start(t, port, { tls });
  const sluice = await Sluice.start(t, {
    env,
    destinations: [
      streams.destination({ name: 'kinesis', endpoint: proxies.kinesis.uri }),
      { ...buckets.destination({ name: 's3', endpoint: proxies.s3.uri }), kind: 's3', stream_name: undefined, bucket: BUCKET, node: 'node-1', roll_age: '1 s' },
      receiver.destination({ name: 'webhook', url: `${proxies.webhook.uri}/hooks`, timeout: '3 s' }),
      tee(proxies['launchdarkly-events'], { name: 'launchdarkly-events' }),
    ],
  });
  const bucket = new Bucket(buckets, BUCKET);
  const arrived = {
    kinesis: async () => (await streams.texts()).map((text) => eventOf(text, 2).key),
    s3: async () => (await bucket.events()).map(({ key }) => key),
    webhook: async () => receiver.events.map(({ key }) => key),
    'launchdarkly-events': async () => recorder.payloads().flatMap(({ body }) => JSON.parse(body).map(({ key }) => key)),
  };
  const kinds = Object.keys(proxies);
  const sent = [];
  return {
    kinds, proxies, sluice, arrived, sent,
    async send(key) {
      assert.equal(await sluice.post([customEvent(key)]), 202);
      sent.push(key);
    },
    async allArrive(timeoutMs = 30_000) {
      for (const kind of kinds) {
        await waitFor(`${kind} to have all`, async () => {
          const there = new Set(await arrived[kind]());
          return sent.every((key) => there.has(key));
        }, { timeoutMs, everyMs: 200 });
      }
      await waitFor('all to be well', async () => (await sluice.status()).destinations.every(({ problem, backlog }) => !problem && backlog.events === 0), { timeoutMs });
    },
    // The problem of each kind that `shows` it, once it is there.
    problems: (shows) => Promise.all(kinds.filter(shows).map(async (kind) => [kind, await waitFor(`${kind} to tell`, async () => {
      const { state, problem } = await sluice.destination(kind);
      return problem && { state, ...problem };
    }, { timeoutMs: 75_000, everyMs: 200 })])),
  };
}

async function untrustedCertificates(t) {
  const { bundle, good, ...bad } = certificates(await temporaryFolder(t));
  const all = await startAll(t, { tls: good, env: { AWS_CA_BUNDLE: bundle } });
  await all.send('before');
  await all.allArrive();
  for (const [what, certificate] of Object.entries(bad)) {
    for (const proxy of Object.values(all.proxies)) {
      proxy.show(certificate);
      proxy.connections = proxy.requests = 0;
    }
    const began = Date.now();
    await all.send(what);
    for (const [kind, { state, code, message, remedy }] of await all.problems(() => true)) {
      t.diagnostic(`${what}, ${kind}: ${state} ${code}: ${message} ${remedy}`);
      assert.ok(message.includes('127.0.0.1'), message);
      assert.match(message, /certificate|SSL|TLS/i);
      assert.ok(remedy.length > 20, remedy);
    }
    await sleep(Math.max(0, began + WATCHED_MS - Date.now()));
    const seconds = (Date.now() - began) / 1000;
    for (const [kind, { connections, requests }] of Object.entries(all.proxies)) {
      assert.equal(requests, 0, `${kind} sends nothing over a connection that it does not trust`);
      assert.ok(connections <= 5 + REQUESTS_PER_S * seconds, `${kind}: ${connections} connections in ${seconds} s`);
    }
    for (const proxy of Object.values(all.proxies)) proxy.show(good);
    await all.allArrive();
  }
}

async function badAnswers(t) {
  const elsewhere = await Recorder.start(t);
  const all = await startAll(t);
  await all.send('before');
  await all.allArrive();
  const rounds = {
    // Not HTTP at all.
    garbage: { fault: () => FAULTS.garbage, shows: () => true },
    // Done, and the end of the answer is lost: a webhook and LaunchDarkly need only the status.
    truncated: { fault: () => FAULTS.truncated, shows: (kind) => kind === 'kinesis' || kind === 's3' },
    endless: { fault: (kind) => FAULTS.endless(kind === 'kinesis' ? 200 : 500), shows: () => true },
    redirect: { fault: () => FAULTS.redirect(`${elsewhere.uri}/secret-path`), shows: () => true },
  };
  for (const [what, { fault, shows }] of Object.entries(rounds)) {
    for (const [kind, proxy] of Object.entries(all.proxies)) {
      proxy.fault = fault(kind);
      proxy.requests = 0;
    }
    const began = Date.now();
    await all.send(what);
    for (const [kind, { state, code, message, remedy }] of await all.problems(shows)) {
      t.diagnostic(`${what}, ${kind}: ${state} ${code}: ${message} ${remedy}`);
      assert.ok(NAMES[kind].some((name) => message.includes(name)), message);
      assert.ok(!message.includes('secret-path'), message);
      assert.ok(remedy.length > 20, remedy);
    }
    await sleep(Math.max(0, began + WATCHED_MS - Date.now()));
    const seconds = (Date.now() - began) / 1000;
    const asked = Object.entries(all.proxies).map(([kind, { requests }]) => [kind, requests]);
    t.diagnostic(`${what}: requests in ${seconds.toFixed(1)} s: ${asked.map(String).join(' ')}`);
    for (const [kind, requests] of asked) assert.ok(requests > 0 && requests <= 5 + REQUESTS_PER_S * seconds, `${kind}: ${requests} requests in ${seconds} s`);
    for (const proxy of Object.values(all.proxies)) proxy.fault = undefined;
    await all.allArrive(75_000);
  }
  assert.equal(elsewhere.attempts, 0, 'no redirect was followed');
  for (const { name, deadLetteredEvents } of (await all.sluice.status()).destinations) assert.equal(deadLetteredEvents, 0, name);
  const inBucket = await all.arrived.s3();
  assert.equal(new Set(inBucket).size, inBucket.length, 'each event is in one object');
}

async function unusualBuckets(t) {
  const kinesim = await Kinesim.start(t, { streams: {} });
  const key = 'arn:aws:kms:us-east-1:123456789012:key/1';
  const buckets = {
    versioned: { versioned: true }, locked: { versioned: true, object_lock: true }, encrypted: { kms_key_id: key },
    'without-conditions': { versioned: true, if_none_match: 'not_implemented' },
  };
  await kinesim.apply({ kms_keys: [{ arn: key, state: 'enabled' }], buckets: Object.entries(buckets).map(([name, fields]) => ({ name, region: 'us-east-1', ...fields })) });
  const names = Object.keys(buckets);
  const sluice = await Sluice.start(t, {
    destinations: names.map((name) => ({ ...kinesim.destination({ name }), kind: 's3', stream_name: undefined, bucket: name, node: 'node-1', roll_age: '1 s', roll_bytes: '64 KiB' })),
  });
  await kinesim.addFaults(...['reset_after', 'truncate', 'reset_before'].map((kind, i) => ({ kind, operation: 'PutObject', probability: 0.25, count: 12, seed: i + 1 })));
  const keys = Array.from({ length: 600 }, (_, i) => `event-${i}`);
  for (let first = 0; first < keys.length; first += 50) assert.equal(await sluice.post(keys.slice(first, first + 50).map((each) => customEvent(each, { data: 'x'.repeat(500) }))), 202);
  await waitFor('all to be delivered', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0), { timeoutMs: 90_000 });
  const struck = (await kinesim.faults()).reduce((sum, { hits = 0 }) => sum + hits, 0);
  for (const name of names) {
    const bucket = new Bucket(kinesim, name);
    assert.deepEqual((await bucket.events()).map((event) => event.key).sort(), [...keys].sort(), name);
    // Without If-None-Match the HTTP client may send an object twice; the second has the same bytes.
    if (!buckets[name].if_none_match) assert.deepEqual((await bucket.list()).filter(({ puts }) => puts !== 1), [], `${name}: no version but one`);
  }
  t.diagnostic(`${keys.length} events in each of ${names.join(', ')}; answers were lost or connections cut ${struck} times`);
}

async function wrongBuckets(t) {
  const kinesim = await Kinesim.start(t, { streams: {} });
  const key = 'arn:aws:kms:us-east-1:123456789012:key/1', doomed = 'arn:aws:kms:us-east-1:123456789012:key/2';
  await kinesim.apply({
    kms_keys: [{ arn: key, state: 'disabled' }, { arn: doomed, state: 'pending_deletion' }],
    buckets: [
      { name: BUCKET, region: 'us-east-1' }, { name: 'elsewhere', region: 'eu-west-1', wrong_region: 'malformed' }, { name: 'moved', region: 'ap-south-1' },
      { name: 'of-another', region: 'us-east-1', owner: '999999999999' }, { name: 'encrypted', region: 'us-east-1', kms_key_id: key }, { name: 'doomed', region: 'us-east-1', kms_key_id: doomed },
    ],
  });
  const counts = [];
  const destination = (fields) => ({ ...kinesim.destination({ name: 's3' }), kind: 's3', stream_name: undefined, bucket: BUCKET, node: 'node-1', roll_age: '1 s', role_arn: ROLE, external_id: EXTERNAL_ID, ...fields });
  const sluice = await Sluice.start(t, { destinations: [destination({ bucket: 'elsewhere' })] });
  assert.equal(await sluice.post([customEvent('kept')]), 202);
  for (const [fields, code, told] of [
    [{ bucket: 'elsewhere' }, /^(AuthorizationHeaderMalformed|PermanentRedirect)$/, [/Bucket elsewhere is in eu-west-1, not in us-east-1/, /region to eu-west-1/]],
    [{ bucket: 'moved' }, /^PermanentRedirect$/, [/Bucket moved is in ap-south-1, not in us-east-1/, /region to ap-south-1/]],
    [{ bucket: 'of-another', expected_bucket_owner: '123456789012' }, /^AccessDenied$/, [/of-another/, /123456789012/]],
    [{ bucket: 'encrypted' }, /^KMS\./, [/key\/1/, /Enable the key/i]],
    [{ bucket: 'doomed' }, /^KMS\./, [/key\/2/, /deletion/i]],
    [{ kms_key_id: 'arn:aws:kms:us-east-1:123456789012:key/none' }, /^KMS\./, [/key\/none/, /another key/i]],
  ]) {
    await sluice.configure([destination(fields)]);
    sluice.reload();
    const problem = await waitFor(`${JSON.stringify(fields)} to be told`, async () => {
      const { state, problem: found } = await sluice.destination('s3');
      return state === 'blocked' && found && code.test(found.code) && told.every((part) => part.test(`${found.message}\n${found.remedy}`)) ? found : Promise.reject(new Error(JSON.stringify(found)));
    });
    t.diagnostic(`${problem.code}: ${problem.message} ${problem.remedy}`);
    const calls = async () => Object.entries(await kinesim.stats()).filter(([name]) => name.startsWith('s3:')).reduce((sum, [, each]) => sum + each.calls, 0);
    const before = await calls();
    assert.ok(before > 0);
    await sleep(3_000);
    const more = (await calls()) - before;
    assert.ok(more <= 3, `${more} calls in 3 s`);
    counts.push(more);
  }
  await sluice.configure([destination()]);
  sluice.reload();
  await waitFor('it to be delivered', async () => (await sluice.destination('s3')).backlog.events === 0);
  assert.deepEqual((await new Bucket(kinesim, BUCKET).events()).map((event) => event.key), ['kept']);
  t.diagnostic(`calls in 3 s of each: ${counts.join(' ')}`);
}

// Most of their time is spent waiting.
describe('servers that answer badly', { concurrency: true }, () => {
  test('a certificate that has expired, is of another host, or of another authority is told; delivery resumes with a good one', { timeout: 180_000 }, untrustedCertificates);
  test('answers that are no HTTP, cut short, endless or a redirect lose nothing, are told, and are not asked for in a loop', { timeout: 300_000 }, badAnswers);
  test('buckets that version, lock and encrypt are filled, each event once, though answers are lost', { timeout: 120_000 }, unusualBuckets);
  test('a bucket of another region or account, or whose key is of no use, is told with a remedy; nothing is lost', { timeout: 180_000 }, wrongBuckets);
});
