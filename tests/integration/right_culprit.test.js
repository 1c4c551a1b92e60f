// Faults of Sluice's own identity and passing refusals of AWS: who is named, what is advised, how soon it is tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { temporaryFolder } from './lib/process.js';
import { waitFor } from './lib/wait.js';

const NO_KEYS = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
const NODE_ROLE = 'arn:aws:iam::123456789012:role/node';

const token = (claims) => ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'x'].join('.');

// Blocked with these words, and never with a trust policy to paste for the destination's role.
async function parkedWith(sluice, ...says) {
  const parked = await waitFor('it to park', async () => {
    const found = await sluice.destination();
    return found.state === 'blocked' && found;
  }, { timeoutMs: 10_000 });
  const text = `${parked.problem.message}\n${parked.problem.remedy}`;
  for (const part of says) assert.ok(text.includes(part), `"${part}" in ${text}`);
  assert.ok(!text.includes('refused to let Sluice assume'), text);
  assert.ok(!text.includes('sts:ExternalId'), text);
  assert.ok(text.includes("The destination's role is not the problem."), text);
  assert.equal(text.split('Sluice has no AWS identity.').length <= 2, true, text);
  return parked;
}

test('what refuses Sluice its own identity is named with its own words and its own remedy', async (t) => {
  const kinesim = await Kinesim.start(t);
  const folder = await temporaryFolder(t);
  const tokenFile = path.join(folder, 'token');
  const WEB = 'arn:aws:iam::123456789012:role/web';
  const start = (env) => Sluice.start(t, { destinations: [kinesim.destination()], env: { ...NO_KEYS, ...env } });

  await kinesim.addFaults({
    kind: 'call_error', operation: 'ContainerCredentials', status: 400, message: '{"message":"[node] is not authorized to assume role"}',
  });
  const container = await start({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${kinesim.uri}/v1/credentials` });
  assert.equal(await container.post([customEvent('c')]), 202);
  await parkedWith(container, 'the container credentials endpoint', 'answered 400', '[node] is not authorized', 'pod identity association');
  await container.process.stop('SIGTERM');
  await kinesim.clearFaults();

  await kinesim.addFaults({ kind: 'call_error', operation: 'InstanceMetadata', status: 401, message: 'no such token' });
  const metadata = await start({ AWS_EC2_METADATA_DISABLED: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: kinesim.uri });
  assert.equal(await metadata.post([customEvent('m')]), 202);
  await parkedWith(metadata, 'the EC2 instance metadata service', 'answered 401', 'no such token');
  await metadata.process.stop('SIGTERM');
  await kinesim.clearFaults();

  await writeFile(tokenFile, token({ exp: 1 }));
  const web = await start({ AWS_ROLE_ARN: WEB, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ENDPOINT_URL_STS: kinesim.uri });
  assert.equal(await web.post([customEvent('w')]), 202);
  await parkedWith(web, 'web identity', 'Token expired', 'has expired');
  await writeFile(tokenFile, 'not a token');
  await waitFor('the other token to be told', async () => (await web.destination()).problem?.code === 'InvalidIdentityToken');
  await parkedWith(web, 'web identity', 'not a valid JWT', 'OIDC provider');
  await web.process.stop('SIGTERM');

  const none = await start({});
  assert.equal(await none.post([customEvent('n')]), 202);
  await parkedWith(none, 'Sluice has no AWS identity. Looked in');
});

test('a session policy and a duration that do not fit are left out, and delivery works', async (t) => {
  const kinesim = await Kinesim.start(t);
  await kinesim.apply({
    roles: [{ arn: ROLE, external_id: EXTERNAL_ID }, { arn: NODE_ROLE }, { arn: `${NODE_ROLE}-2` }],
    faults: [{ kind: 'call_error', operation: 'AssumeRole', code: 'PackedPolicyTooLarge', message: 'too large', containing: '&Policy=' }],
  });
  const folder = await temporaryFolder(t);
  const config = path.join(folder, 'config');
  await writeFile(config, `[profile chain]\nrole_arn = ${NODE_ROLE}-2\nsource_profile = first\nduration_seconds = 43200\n`
    + `[profile first]\nrole_arn = ${NODE_ROLE}\nsource_profile = keys\n`);
  const sluice = await Sluice.start(t, {
    destinations: [kinesim.destination()],
    env: { ...NO_KEYS, AWS_PROFILE: 'chain', AWS_CONFIG_FILE: config, AWS_ENDPOINT_URL_STS: kinesim.uri,
      AWS_SHARED_CREDENTIALS_FILE: await keysFile(folder) },
  });
  assert.equal(await sluice.post([customEvent('fits')]), 202);
  const delivered = await waitFor('it to be delivered', async () => {
    const found = await sluice.destination();
    return found.deliveredEvents === 1 && found;
  }, { timeoutMs: 15_000 });
  assert.equal(delivered.problem, null);
  assert.ok(delivered.notes.some(({ code }) => code === 'session_policy_left_out'), JSON.stringify(delivered.notes));
});

async function keysFile(folder) {
  const file = path.join(folder, 'credentials');
  await writeFile(file, '[keys]\naws_access_key_id = AKIDSLUICETEST000001\naws_secret_access_key = sluice-test-secret\n');
  return file;
}

test('one passing refusal is tried again within 2 s and parks nothing', async (t) => {
  const kinesim = await Kinesim.start(t, { config: { instance_role: NODE_ROLE, container_role: NODE_ROLE } });
  const page = { kind: 'page', status: 403, message: '<html>Forbidden by the proxy</html>', count: 1 };
  const cases = {
    'an HTML 403 to PutRecords': { faults: [{ ...page, operation: 'PutRecords' }] },
    'AccessDenied of PutRecords': { faults: [{ kind: 'call_error', operation: 'PutRecords', code: 'AccessDeniedException', count: 1 }] },
    'AccessDenied of AssumeRole': { faults: [{ kind: 'call_error', operation: 'AssumeRole', code: 'AccessDenied', status: 403, count: 1 }] },
    'a 404 of the container endpoint': {
      faults: [{ kind: 'call_error', operation: 'ContainerCredentials', status: 404, message: 'none yet', count: 1 }],
      env: { ...NO_KEYS, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${kinesim.uri}/v1/credentials` },
    },
    'a 503 of the metadata service': {
      faults: [{ kind: 'call_error', operation: 'InstanceMetadata', status: 503, message: 'busy', count: 1 }],
      env: { ...NO_KEYS, AWS_EC2_METADATA_DISABLED: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: kinesim.uri },
    },
    'InvalidIdentityToken': {
      faults: [{ kind: 'call_error', operation: 'AssumeRoleWithWebIdentity', code: 'InvalidIdentityToken', count: 1 }],
      env: { ...NO_KEYS, AWS_ROLE_ARN: NODE_ROLE, AWS_ENDPOINT_URL_STS: kinesim.uri },
    },
  };
  await kinesim.apply({ roles: [{ arn: NODE_ROLE, web_identity: { subject: 'me' } }] });
  const tokenFile = path.join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, token({ sub: 'me', aud: 'sts.amazonaws.com' }));
  for (const [name, { faults, env = {} }] of Object.entries(cases)) {
    await kinesim.addFaults(...faults);
    const began = Date.now();
    const sluice = await Sluice.start(t, {
      destinations: [kinesim.destination()], env: { ...env, ...(env.AWS_ROLE_ARN && { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile }) },
    });
    assert.equal(await sluice.post([customEvent(name)]), 202);
    const states = new Set();
    await waitFor(`${name} to be got over`, async () => {
      const found = await sluice.destination();
      states.add(found.state);
      return found.deliveredEvents === 1;
    }, { timeoutMs: 6000 });
    assert.ok(!states.has('blocked'), `${name}: ${[...states]}`);
    assert.equal((await kinesim.faults()).every(({ hits }) => hits === 1), true, name);
    t.diagnostic(`${name}: delivered ${Date.now() - began} ms after the start`);
    await kinesim.clearFaults();
    await sluice.process.stop('SIGTERM');
  }
});
