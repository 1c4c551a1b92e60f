// A destination is tried step by step before it is saved or afterwards: each step says how it stands, and what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStream } from './lib/aws.js';
import { startKinesisLocal } from './lib/counterparts.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { Sluice } from './lib/sluice.js';

const OPEN_ROLE = 'arn:aws:iam::123456789012:role/without-condition';
const QUIET_ROLE = 'arn:aws:iam::123456789012:role/may-not-put';
const BLIND_ROLE = 'arn:aws:iam::123456789012:role/may-not-describe';
const STEPS = ['credentials', 'assumeRole', 'externalId', 'stream', 'put', 'encryption', 'recordLimit', 'clock'];

async function managedServer(t, options = {}) {
  const sluice = await Sluice.start(t, { managed: true, ...options });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  return sluice;
}

// Each step's status by its name.
function statuses({ steps }) {
  assert.deepEqual(steps.map(({ name }) => name), STEPS);
  for (const step of steps) assert.ok(step.message.length > 10, JSON.stringify(step));
  return Object.fromEntries(steps.map(({ name, status }) => [name, status]));
}
const step = ({ steps }, wanted) => steps.find(({ name }) => name === wanted);

test('check: every step in order, each fault at its step with remedy and policy, before anything is saved', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 3 } });
  await kinesim.apply({
    roles: [
      { arn: OPEN_ROLE },
      { arn: QUIET_ROLE, external_id: EXTERNAL_ID, permissions: [{ actions: ['DescribeStreamSummary'] }] },
      { arn: BLIND_ROLE, external_id: EXTERNAL_ID, permissions: [{ actions: ['PutRecords'] }] },
    ],
  });
  const sluice = await managedServer(t);
  const base = { region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri };
  const check = async (config) => {
    const { status, body } = await sluice.api('POST', 'destinations/web/production/check', { kind: 'kinesis', config: { ...base, ...config } });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };

  const good = await check({});
  assert.deepEqual(statuses(good), {
    credentials: 'ok', assumeRole: 'ok', externalId: 'ok', stream: 'ok', put: 'ok', encryption: 'ok', recordLimit: statuses(good).recordLimit, clock: 'ok',
  }, JSON.stringify(good, null, 1));
  assert.equal(good.ok, true);
  assert.match(step(good, 'stream').message, /3 open shards/);
  assert.match(step(good, 'put').message, /shardId-\d+, sequence number \d+/);
  const texts = await kinesim.texts();
  assert.equal(JSON.parse(texts.at(-1)).event.key, 'LaunchDarklyDataExportTestEvent');
  assert.deepEqual((await sluice.api('GET', 'destinations')).body.items, [], 'nothing was saved');

  const refused = await check({ externalId: 'another' });
  assert.deepEqual([refused.ok, statuses(refused).assumeRole, statuses(refused).put], [false, 'failed', 'skipped']);
  assert.equal(step(refused, 'assumeRole').policy.Statement[0].Condition.StringEquals['sts:ExternalId'], 'another');

  const open = await check({ roleArn: OPEN_ROLE });
  assert.deepEqual([open.ok, statuses(open).externalId, statuses(open).put], [true, 'warning', 'ok']);
  assert.ok(step(open, 'externalId').policy);

  const missing = await check({ streamName: 'none' });
  assert.deepEqual([missing.ok, statuses(missing).stream, statuses(missing).put], [false, 'failed', 'skipped']);
  assert.match(step(missing, 'stream').message, /no stream none in us-east-1/);

  const quiet = await check({ roleArn: QUIET_ROLE });
  assert.deepEqual([quiet.ok, statuses(quiet).stream, statuses(quiet).put], [false, 'ok', 'failed']);
  assert.match(JSON.stringify(step(quiet, 'put').policy), /kinesis:PutRecords/);

  const blind = await check({ roleArn: BLIND_ROLE });
  assert.deepEqual([blind.ok, statuses(blind).stream, statuses(blind).put], [true, 'unknown', 'ok']);

  const nowhere = await check({ endpoint: 'http://127.0.0.1:9' });
  assert.deepEqual([nowhere.ok, statuses(nowhere).stream], [false, 'failed']);

  const invalid = await sluice.api('POST', 'destinations/web/production/check', { kind: 'kinesis', config: { region: 'mars' } });
  assert.equal(invalid.status, 400);
  assert.match(invalid.body.message, /config\.streamName.*config\.region/);

  // Of one that is saved, and off.
  const { body: saved } = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', config: base });
  const again = await sluice.api('POST', `destinations/web/production/${saved._id}/check`);
  assert.equal(again.body.ok, true, JSON.stringify(again.body));
});

test('check against kinesis-local, which has no roles', async (t) => {
  const { client, uri } = await startKinesisLocal(t);
  await createStream(client, 'flag-events', 1);
  const sluice = await managedServer(t);
  const { body } = await sluice.api('POST', 'destinations/web/production/check', {
    kind: 'kinesis', config: { region: 'us-east-1', streamName: 'flag-events', endpoint: uri },
  });
  assert.equal(body.ok, true, JSON.stringify(body, null, 1));
  assert.deepEqual([step(body, 'assumeRole').status, step(body, 'put').status], ['skipped', 'ok']);
});

test('policies as one types: what is not known yet stays a placeholder', async (t) => {
  const sluice = await managedServer(t);
  const policies = async (config) => (await sluice.api('POST', 'destinations/web/production/policies', { config })).body;
  assert.match(JSON.stringify((await policies({})).permissionPolicy), /arn:aws:kinesis:REGION:ACCOUNT_ID:stream\/STREAM_NAME/);
  const more = await policies({ region: 'eu-west-1', streamName: 'flags', roleArn: ROLE, externalId: 'x-1' });
  assert.match(JSON.stringify(more.permissionPolicy), /arn:aws:kinesis:eu-west-1:123456789012:stream\/flags/);
  assert.equal(more.trustPolicy.Statement[0].Condition.StringEquals['sts:ExternalId'], 'x-1');
});
