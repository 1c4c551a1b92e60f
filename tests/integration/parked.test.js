// What only a person can mend parks its destination with a message that says what to mend; the others go on; and it
// resumes by itself, within a minute, when it is mended. Nothing is lost meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { CREDENTIALS, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const PROBED_WITHIN_MS = 90_000; // it is tried again every 30 to 60 s

const OTHER_ROLE = 'arn:aws:iam::123456789012:role/no-such-role';
const WRONG_EXTERNAL_ID = '0000000000000000000000000000dead';
const QUIET_ROLE = 'arn:aws:iam::123456789012:role/may-not-put';

// What is wrong, what the message and remedy must name, and what mends it.
const faults = [
  {
    name: 'wrong role',
    fields: { role_arn: OTHER_ROLE },
    code: /AccessDenied/,
    says: [OTHER_ROLE, 'trust policy', EXTERNAL_ID],
    mend: (kinesim) => kinesim.apply({ roles: [{ arn: OTHER_ROLE, external_id: EXTERNAL_ID }] }),
  },
  {
    name: 'wrong external id',
    fields: { role_arn: `${ROLE}-strict`, external_id: WRONG_EXTERNAL_ID },
    code: /AccessDenied/,
    says: [`${ROLE}-strict`, WRONG_EXTERNAL_ID, 'trust policy'],
    mend: (kinesim) => kinesim.apply({ roles: [{ arn: `${ROLE}-strict`, external_id: WRONG_EXTERNAL_ID }] }),
  },
  {
    name: 'missing stream',
    fields: { stream_name: 'not-yet' },
    code: /ResourceNotFound/,
    says: ['not-yet', 'us-east-1'],
    mend: (kinesim) => kinesim.apply({ streams: [{ name: 'not-yet', shards: 1 }] }),
  },
  {
    name: 'missing permission',
    fields: { role_arn: QUIET_ROLE, stream_name: 'guarded' },
    code: /AccessDenied/,
    says: [QUIET_ROLE, 'guarded', 'kinesis:PutRecords'],
    mend: (kinesim) => kinesim.apply({ roles: [{ arn: QUIET_ROLE, external_id: EXTERNAL_ID }] }),
  },
];

test('a destination that is set up wrongly parks, says what to mend, and resumes; the others go on', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 1, guarded: 1 } });
  await kinesim.apply({
    roles: [
      { arn: `${ROLE}-strict`, external_id: EXTERNAL_ID },
      { arn: QUIET_ROLE, external_id: EXTERNAL_ID, permissions: [{ actions: ['DescribeStreamSummary'] }] },
    ],
  });
  const sluice = await Sluice.start(t, {
    destinations: [kinesim.destination(), ...faults.map(({ name, fields }) => kinesim.destination({ name, ...fields }))],
  });

  assert.equal(await sluice.post([customEvent('first')]), 202);
  for (const { name, code, says } of faults) {
    const parked = await waitFor(`"${name}" to park`, async () => {
      const found = await sluice.destination(name);
      return found.state === 'blocked' && found;
    });
    assert.equal(parked.needsPerson, true);
    assert.equal(parked.backlog.events, 1);
    assert.match(parked.problem.code, code);
    for (const part of says) assert.ok(`${parked.problem.message}\n${parked.problem.remedy}`.includes(part), JSON.stringify(parked.problem));
  }
  // The same words in the log, and the metrics know of it.
  await waitFor('the log to tell', () => sluice.process.output.includes(OTHER_ROLE));
  const metrics = await sluice.metrics();
  assert.equal(metrics.samples.filter(({ name, labels, value }) =>
    name === 'sluice_destination_state' && labels.state === 'blocked' && value === 1).length, faults.length);

  assert.equal(await sluice.post([customEvent('second')]), 202);
  await waitFor('the others to go on', async () => (await sluice.destination()).deliveredEvents === 2, { timeoutMs: 5000 });

  for (const { mend } of faults) await mend(kinesim);
  for (const { name } of faults) {
    const resumed = await waitFor(`"${name}" to resume`, async () => {
      const found = await sluice.destination(name);
      return found.deliveredEvents === 2 && found;
    }, { timeoutMs: PROBED_WITHIN_MS });
    assert.notEqual(resumed.state, 'blocked');
    assert.equal(resumed.problem, null);
  }
  assert.equal((await kinesim.texts('not-yet')).length, 2);
});

test('credentials that expire are renewed unnoticed; gone for good they park, and delivery resumes when they are back', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const delivered = (count) => async () => (await sluice.destination()).deliveredEvents === count;

  assert.equal(await sluice.post([customEvent('first')]), 202);
  await waitFor('the first event', delivered(1));
  await kinesim.expireSessions();
  assert.equal(await sluice.post([customEvent('after expiry')]), 202);
  await waitFor('renewed credentials', delivered(2));

  await kinesim.remove({ identity: CREDENTIALS.accessKeyId });
  await kinesim.expireSessions();
  assert.equal(await sluice.post([customEvent('while the key is gone')]), 202);
  const parked = await waitFor('it to park', async () => {
    const found = await sluice.destination();
    return found.state === 'blocked' && found;
  });
  assert.ok(parked.problem.remedy.length > 0, JSON.stringify(parked.problem));
  t.diagnostic(`${parked.problem.code}: ${parked.problem.message}`);
  assert.equal(await sluice.post([customEvent('still accepted')]), 202);

  await kinesim.apply({
    identities: [{ access_key: CREDENTIALS.accessKeyId, secret_key: CREDENTIALS.secretAccessKey }],
  });
  await waitFor('it to resume', delivered(4), { timeoutMs: PROBED_WITHIN_MS });
  const keys = (await kinesim.texts()).map((text) => eventOf(text, 2).key);
  assert.deepEqual(keys.sort(), ['after expiry', 'first', 'still accepted', 'while the key is gone']);
});
