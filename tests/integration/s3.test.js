// Events collected as objects in S3: each in exactly one, whatever happens to Sluice, its settings and the bucket in between.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Kinesim, ROLE, EXTERNAL_ID } from './lib/kinesim.js';
import { Load } from './lib/load.js';
import { Bucket, extensionOf } from './lib/objects.js';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const BUCKET = 'flag-events';
const PREFIX = 'exports/flags';
const KILLS = 6;

async function startKinesim(t, buckets = [{ name: BUCKET, region: 'us-east-1' }]) {
  const kinesim = await Kinesim.start(t, { streams: {} });
  await kinesim.apply({ buckets });
  return kinesim;
}

// A [[destination]] that rolls small and soon.
const destination = (kinesim, fields = {}) => ({
  ...kinesim.destination(), kind: 's3', stream_name: undefined, bucket: BUCKET, prefix: PREFIX, roll_bytes: '64 KiB', roll_age: '1 s', node: 'node-1', ...fields,
});

const empty = (sluice) => waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000 });

test('keys of objects that would be too long, or lead elsewhere, are refused by every way in, and the server stays', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const long = 'p'.repeat(256), template = '{prefix}/{project}/{environment}/{node}-{first}-{last}';
  assert.equal((await sluice.api('POST', 'projects', { key: '..', name: 'Dots' })).status, 400);
  assert.equal((await sluice.api('POST', 'projects', { key: long, name: 'Long', environments: [{ key: long, name: 'Long', color: '000000' }] })).status, 201);
  const create = (config) => sluice.api('POST', `destinations/${long}/${long}`, { name: 'lake', kind: 's3', config: { bucket: 'flag-events', region: 'us-east-1', ...config } });
  const refused = await create({ prefix: 'q'.repeat(420) });
  assert.equal(refused.status, 400, JSON.stringify(refused.body));
  assert.match(refused.body.message, /^config\.keyTemplate: The key template gives keys of \d+ bytes; S3 takes 1024\..* Shorten the prefix/);
  const lists = { destination: [{ project: long, environment: long, name: 'lake', kind: 's3', bucket: 'flag-events', region: 'us-east-1', prefix: 'q'.repeat(420) }] };
  assert.match((await sluice.api('POST', 'import', lists)).body.message, /^destination "p{256}\/p{256}\/lake": key_template: The key template gives/);
  assert.equal((await create({ prefix: 'q', keyTemplate: template })).status, 201);

  const file = path.join(sluice.folder, 'checked.toml');
  writeFileSync(file, `[[project]]\nkey = "${long}"\n[[environment]]\nproject = "${long}"\nkey = "${long}"\n[[destination]]\nname = "lake"\nproject = "${long}"\n`
    + `environment = "${long}"\nkind = "s3"\nbucket = "flag-events"\nregion = "us-east-1"\nprefix = "${'q'.repeat(420)}"\n`);
  const checked = await runToEnd(sluiceBinary, ['serve', '--config', file, '--check-config'], { env: { PATH: process.env.PATH } });
  assert.equal(checked.status, 2);
  assert.match(checked.output, /key_template:\n {4}The key template gives keys of/);
});

// Every acknowledged event is in exactly one object, once.
function assertOnce(events, acknowledged) {
  const times = new Map();
  for (const { key } of events) times.set(key, (times.get(key) ?? 0) + 1);
  const lost = [...acknowledged].filter((key) => !times.has(key));
  const doubled = [...times].filter(([, count]) => count > 1);
  assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${acknowledged.size} are lost`);
  assert.deepEqual(doubled.slice(0, 5), [], `${doubled.length} came twice`);
}

test('events come as objects, each once, under keys that say where and when they belong', async (t) => {
  const kinesim = await startKinesim(t);
  const sluice = await Sluice.start(t, { destinations: [destination(kinesim)] });
  const keys = Array.from({ length: 400 }, (_, i) => `event-${i}`);
  for (let at = 0; at < keys.length; at += 100)
    assert.equal(await sluice.post(keys.slice(at, at + 100).map((key) => customEvent(key, { data: 'x'.repeat(500) }))), 202);
  await empty(sluice);
  const bucket = new Bucket(kinesim, BUCKET);
  assertOnce(await bucket.events(PREFIX), new Set(keys));
  const objects = await bucket.list();
  assert.ok(objects.length >= 4, `${objects.length} objects of 64 KiB`);
  for (const { key, puts } of objects) {
    assert.match(key, /^exports\/flags\/project=test\/environment=production\/date=\d{4}-\d\d-\d\d\/hour=\d\d\/node-1-[0-9a-f.]+-[0-9a-f.]+-[0-9a-f]{8}\.ndjson\.gz$/);
    assert.equal(puts, 1);
  }
  const status = await sluice.destination();
  assert.equal(status.deliveredEvents, keys.length);
  assert.equal(status.lastObject.key, objects.map(({ key }) => key).sort().at(-1));
  await waitFor('the spool to be empty', async () => (await sluice.destination()).spoolBytes === 0);
  const spool = path.join(sluice.dataDir, 'spool');
  assert.deepEqual(readdirSync(path.join(spool, readdirSync(spool)[0])), []);
});

test(`${KILLS} times kill -9 under load, while compression and filter change: every event is in exactly one object`, async (t) => {
  const kinesim = await startKinesim(t);
  const sluice = await Sluice.start(t, { destinations: [destination(kinesim)] });
  const load = new Load(sluice, { pauseMs: 5 });
  const compressions = ['gzip', 'zstd', 'none'];
  for (let kill = 1; kill <= KILLS; kill++) {
    const target = load.acknowledged.size + 1000 + Math.floor(Math.random() * 3000);
    await waitFor('more acknowledged events', () => load.acknowledged.size >= target);
    // Stored, or not, and nobody is told.
    if (kill === 2) await kinesim.addFaults(...['reset_before', 'reset_after'].map((kind) => ({ kind, operation: 'PutObject', probability: 0.3, for_ms: 5000 })));
    await sluice.process.stop('SIGKILL');
    // A filter that concerns none of these events all the same makes another destination of it.
    await sluice.configure([destination(kinesim, { compression: compressions[kill % 3], never_events: kill % 2 ? ['nobody'] : undefined })]);
    await sluice.launch();
    if (kill % 3 === 0) {
      await sluice.configure([destination(kinesim, { compression: compressions[(kill + 1) % 3], roll_bytes: '128 KiB' })]);
      sluice.reload();
    }
  }
  await load.stop();
  await empty(sluice);
  const bucket = new Bucket(kinesim, BUCKET);
  const objects = await bucket.list(PREFIX);
  assertOnce(await bucket.events(PREFIX), load.acknowledged);
  assert.deepEqual(objects.filter(({ puts }) => puts !== 1), [], 'no object was overwritten');
  assert.equal(new Set(objects.map(({ key }) => extensionOf(key))).size, 3, 'objects of each compression');
  t.diagnostic(`${load.acknowledged.size} events in ${objects.length} objects, each once`);
});

test('a stop delivers what was collected', async (t) => {
  const kinesim = await startKinesim(t);
  const sluice = await Sluice.start(t, { destinations: [destination(kinesim, { roll_age: '5 min' })] });
  assert.equal(await sluice.post([customEvent('last')]), 202);
  await waitFor('it to be collected', async () => (await sluice.destination()).openEvents === 1);
  assert.equal((await sluice.destination()).state, 'delivering');
  assert.equal(await sluice.process.stop('SIGTERM', { timeoutMs: 40_000 }), 0);
  assertOnce(await new Bucket(kinesim, BUCKET).events(PREFIX), new Set(['last']));
});

test('a test event lies under test/, and its receipt says where; a replay lies under its own prefix', async (t) => {
  const kinesim = await startKinesim(t);
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  const config = { bucket: BUCKET, region: 'us-east-1', prefix: PREFIX, roleArn: ROLE, externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri, rollAge: '1 s', node: 'node-1' };
  const created = await sluice.api('POST', 'destinations/web/production', { kind: 's3', config, on: true });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const where = `destinations/web/production/${created.body._id}`;
  assert.equal(created.body.name, BUCKET);

  const sent = await sluice.api('POST', `${where}/test-event`);
  assert.equal(sent.body.delivered, true, JSON.stringify(sent.body));
  const bucket = new Bucket(kinesim, BUCKET);
  const [{ key: testKey }] = await bucket.list(`${PREFIX}/test/`);
  assert.deepEqual([sent.body.bucket, sent.body.objectKey], [BUCKET, testKey], JSON.stringify(sent.body));
  assert.equal(JSON.parse((await bucket.lines(testKey))[0]).event.key, 'LaunchDarklyDataExportTestEvent');

  const { body: environment } = await sluice.api('GET', 'projects/web/environments/production');
  const keys = Array.from({ length: 50 }, (_, i) => `event-${i}`);
  assert.equal(await sluice.post(keys.map((key) => customEvent(key)), { key: environment.sdkKey ?? environment.apiKey }), 202);
  const status = async () => (await sluice.api('GET', `${where}/status`)).body;
  await waitFor('delivery', async () => (await status()).deliveredEvents === keys.length);
  const replay = await sluice.api('POST', `${where}/replay`, { from: 0 });
  assert.equal(replay.status, 201, JSON.stringify(replay.body));
  await waitFor('the replay', async () => (await status()).replay?.state === 'done');
  const objects = await bucket.list(`${PREFIX}/replay=`);
  assert.ok(objects.length >= 1);
  const replayed = (await Promise.all(objects.map(({ key }) => bucket.lines(key)))).flat();
  assert.deepEqual(replayed.map((line) => JSON.parse(line).event.key).sort(), [...keys].sort());
  const live = (await bucket.list(`${PREFIX}/project=web/`)).map(({ key }) => key);
  const ids = async (all) => (await Promise.all(all.map((key) => bucket.lines(key)))).flat().map((line) => JSON.parse(line).event.id).sort();
  assert.deepEqual(await ids(objects.map(({ key }) => key)), await ids(live), 'under the same ids');
});

test('what only a person can fix is told with its remedy, and delivery resumes by itself', async (t) => {
  const kinesim = await startKinesim(t, [{ name: BUCKET, region: 'us-east-1' }, { name: 'elsewhere', region: 'eu-west-1' }]);
  const reader = 'arn:aws:iam::123456789012:role/may-not-put';
  await kinesim.apply({ roles: [{ arn: reader, external_id: EXTERNAL_ID, policy: { Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] } }] });
  const sluice = await Sluice.start(t, { destinations: [] });
  const problemOf = async (fields, code) => {
    await sluice.configure([destination(kinesim, fields)]);
    sluice.reload();
    return waitFor(`${code} to be told`, async () => {
      const { state, problem } = (await sluice.destination()) ?? {};
      return state === 'blocked' && problem?.code === code && problem;
    });
  };
  await sluice.configure([destination(kinesim, { bucket: 'missing' })]);
  sluice.reload();
  await waitFor('the destination', () => sluice.destination());
  assert.equal(await sluice.post([customEvent('kept')]), 202);

  assert.match((await problemOf({ bucket: 'missing' }, 'NoSuchBucket')).message, /There is no bucket missing/);
  const elsewhere = await problemOf({ bucket: 'elsewhere' }, 'PermanentRedirect');
  assert.match(elsewhere.message, /Bucket elsewhere is in eu-west-1, not in us-east-1/);
  assert.match(elsewhere.remedy, /Set the destination's region to eu-west-1/);
  const denied = await problemOf({ role_arn: reader }, 'AccessDenied');
  assert.match(denied.remedy, /s3:PutObject/);
  assert.match(denied.remedy, /arn:aws:s3:::flag-events\/exports\/flags\/\*/);

  await sluice.configure([destination(kinesim)]);
  sluice.reload();
  await empty(sluice);
  assertOnce(await new Bucket(kinesim, BUCKET).events(), new Set(['kept']));
});

test('an object sealed under another prefix, to which the settings do not lead any more, is uploaded under the new one', async (t) => {
  const kinesim = await startKinesim(t);
  const sluice = await Sluice.start(t, { destinations: [destination(kinesim, { bucket: 'missing', prefix: 'old' })] });
  assert.equal(await sluice.post([customEvent('kept')]), 202);
  await waitFor('it to be sealed', async () => (await sluice.destination()).sealedObjects === 1);
  await sluice.configure([destination(kinesim, { prefix: 'new' })]);
  sluice.reload();
  await empty(sluice);
  const bucket = new Bucket(kinesim, BUCKET);
  assert.deepEqual((await bucket.list('old/')), []);
  assertOnce(await bucket.events('new/'), new Set(['kept']));
});

test('a finished object whose file is lost is built again from the journal, under its key, without waiting for another event', async (t) => {
  const kinesim = await startKinesim(t, []);
  const sluice = await Sluice.start(t, { destinations: [destination(kinesim)] });
  const keys = Array.from({ length: 20 }, (_, i) => `event-${i}`);
  assert.equal(await sluice.post(keys.map((key) => customEvent(key))), 202);
  await waitFor('it to be sealed', async () => (await sluice.destination()).sealedObjects === 1);
  await sluice.process.stop('SIGKILL');
  const spool = path.join(sluice.dataDir, 'spool');
  const folder = path.join(spool, readdirSync(spool)[0]);
  const manifest = JSON.parse(readFileSync(path.join(folder, '0000000001.json'), 'utf8'));
  rmSync(path.join(folder, '0000000001.object'));
  await kinesim.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });
  await sluice.launch();
  await empty(sluice);
  const bucket = new Bucket(kinesim, BUCKET);
  assert.deepEqual((await bucket.list()).map(({ key }) => key), [manifest.key]);
  assertOnce(await bucket.events(), new Set(keys));
});

test('stores of other makers: without If-None-Match, without checksums', async (t) => {
  const kinesim = await startKinesim(t, [
    { name: BUCKET, if_none_match: 'not_implemented', checksums: false },
    { name: 'ignoring', if_none_match: 'ignored', checksums: false },
  ]);
  const sluice = await Sluice.start(t, {
    destinations: [
      destination(kinesim, { name: 'auto' }),
      destination(kinesim, { name: 'off', bucket: 'ignoring', if_none_match: 'off' }),
    ],
  });
  const keys = Array.from({ length: 100 }, (_, i) => `event-${i}`);
  assert.equal(await sluice.post(keys.map((key) => customEvent(key))), 202);
  for (const [name, bucket] of [['auto', BUCKET], ['off', 'ignoring']]) {
    await waitFor(`delivery to ${name}`, async () => (await sluice.destination(name)).backlog.events === 0);
    assertOnce(await new Bucket(kinesim, bucket).events(), new Set(keys));
  }
  assert.deepEqual((await sluice.destination('auto')).notes.map(({ code }) => code), ['if_none_match_unknown']);
});

const STEPS = ['credentials', 'assumeRole', 'externalId', 'bucket', 'put', 'readBack', 'encryption', 'protection', 'clock'];

test('check: every step in order, each fault at its step with remedy and policy', async (t) => {
  const key = 'arn:aws:kms:us-east-1:123456789012:key/1';
  const kinesim = await startKinesim(t, [{ name: BUCKET, region: 'us-east-1', versioned: true }, { name: 'elsewhere', region: 'eu-west-1' }]);
  const writer = 'arn:aws:iam::123456789012:role/may-not-read';
  const reader = 'arn:aws:iam::123456789012:role/may-not-put';
  const role = (arn, Action) => ({ arn, external_id: EXTERNAL_ID, policy: { Statement: [{ Effect: 'Allow', Action, Resource: '*' }] } });
  await kinesim.apply({ roles: [role(writer, 's3:PutObject'), role(reader, 's3:GetObject')], kms_keys: [{ arn: key, state: 'disabled' }] });
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  const base = { bucket: BUCKET, region: 'us-east-1', prefix: PREFIX, roleArn: ROLE, externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri };
  const check = async (config) => {
    const { status, body } = await sluice.api('POST', 'destinations/web/production/check', { kind: 's3', config: { ...base, ...config } });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.steps.map(({ name }) => name), STEPS);
    return { ok: body.ok, ...Object.fromEntries(body.steps.map((step) => [step.name, step])), all: body.steps.map(({ status: of }) => of) };
  };
  const good = await check({});
  assert.deepEqual(good.all, STEPS.map(() => 'ok'), JSON.stringify(good, null, 1));
  assert.match(good.put.message, /s3:\/\/flag-events\/exports\/flags\/test\//);
  assert.match(good.protection.message, /keeps versions/);
  const missing = await check({ bucket: 'missing' });
  assert.deepEqual([missing.ok, missing.bucket.status, missing.put.status], [false, 'failed', 'skipped']);
  const elsewhere = await check({ bucket: 'elsewhere' });
  assert.match(elsewhere.bucket.message, /is in eu-west-1, not in us-east-1/);
  const quiet = await check({ roleArn: reader });
  assert.deepEqual([quiet.ok, quiet.put.status], [false, 'failed']);
  assert.match(JSON.stringify(quiet.put.policy), /s3:PutObject/);
  const blind = await check({ roleArn: writer });
  assert.deepEqual([blind.put.status, blind.readBack.status], ['ok', 'warning'], JSON.stringify(blind, null, 1));
  const disabled = await check({ kmsKeyId: key });
  assert.equal(disabled.encryption.status, 'failed', JSON.stringify(disabled, null, 1));
  const invalid = await sluice.api('POST', 'destinations/web/production/check', { kind: 's3', config: { region: 'mars', rollAge: '2 h' } });
  assert.equal(invalid.status, 400);
  assert.match(invalid.body.message, /config\.bucket.*config\.rollAge/s);

  const { body: policies } = await sluice.api('POST', 'destinations/web/production/policies', { kind: 's3', config: base });
  assert.deepEqual(policies.permissionPolicy.Statement[0], { Effect: 'Allow', Action: ['s3:PutObject', 's3:GetObject'], Resource: 'arn:aws:s3:::flag-events/exports/flags/*' });
  assert.equal(policies.trustPolicy.Statement[0].Condition.StringEquals['sts:ExternalId'], EXTERNAL_ID);
  assert.ok(policies.assumeRolePolicy);
});
