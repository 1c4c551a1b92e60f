// Settings of AWS and of Sluice as people and tools leave them: set to nothing, with a line end behind, with more inside.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { sluiceBinary } from './lib/paths.js';
import { freePort, temporaryFolder } from './lib/process.js';
import { ADMIN_TOKEN, configText, CREDENTIALS, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const deliversOne = async (sluice, key, options) => {
  assert.equal(await sluice.post([customEvent(key)]), 202);
  await waitFor(`${key} to be delivered`, async () => (await sluice.destination()).deliveredEvents === 1, options);
};

test('a variable that is set to nothing counts as not set', async (t) => {
  const kinesim = await Kinesim.start(t);
  const EMPTY = ['AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN', 'AWS_ROLE_SESSION_NAME', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS',
    'AWS_ENDPOINT_URL_KINESIS', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_EC2_METADATA_SERVICE_ENDPOINT',
    'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', 'AWS_METADATA_SERVICE_TIMEOUT', 'AWS_METADATA_SERVICE_NUM_ATTEMPTS', 'AWS_CA_BUNDLE',
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'SLUICE_ADMIN_TOKEN', 'SLUICE_LOG_LEVEL'];
  for (const nothing of ['', ' ', '\n']) {
    const env = Object.fromEntries(EMPTY.map((name) => [name, nothing]));
    const byKeys = await Sluice.start(t, { destinations: [kinesim.destination()], env });
    await deliversOne(byKeys, 'keys of the environment');
    await byKeys.process.stop('SIGTERM');
    const byFile = await Sluice.start(t, {
      destinations: [kinesim.destination()], env: { ...env, AWS_ACCESS_KEY_ID: nothing, AWS_SECRET_ACCESS_KEY: nothing },
    });
    await waitFor('it to look for an identity', async () => (await byFile.destination()).problem);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(path.join(byFile.folder, '.aws'));
    await writeFile(path.join(byFile.folder, '.aws', 'credentials'),
      `[default]\naws_access_key_id = ${CREDENTIALS.accessKeyId}\naws_secret_access_key = ${CREDENTIALS.secretAccessKey}\n`);
    await deliversOne(byFile, 'keys of the file', { timeoutMs: 15_000 });
    await byFile.process.stop('SIGTERM');
  }
});

test('line ends around a key, token or credential are trimmed; inside they are refused by the name of the variable', async (t) => {
  const kinesim = await Kinesim.start(t);
  const trimmed = await Sluice.start(t, {
    destinations: [kinesim.destination()],
    env: { AWS_ACCESS_KEY_ID: `${CREDENTIALS.accessKeyId}\n`, AWS_SECRET_ACCESS_KEY: ` ${CREDENTIALS.secretAccessKey}\r\n` },
  });
  await deliversOne(trimmed, 'trimmed');
  await trimmed.process.stop('SIGTERM');

  for (const [name, value] of [['AWS_SESSION_TOKEN', 'tok\r\nX-Injected: yes'], ['AWS_ACCESS_KEY_ID', 'AKID ONE'], ['AWS_SECRET_ACCESS_KEY', 'se\ncret']]) {
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], env: { [name]: value } });
    assert.equal(await sluice.post([customEvent(name)]), 202);
    const blocked = await waitFor(`${name} to be refused`, async () => {
      const found = await sluice.destination();
      return found.state === 'blocked' && found;
    }, { timeoutMs: 10_000 });
    assert.ok(blocked.problem.message.includes(name), blocked.problem.message);
    assert.ok(blocked.problem.remedy.includes(name), blocked.problem.remedy);
    assert.ok(!sluice.process.output.includes(value.slice(-5)), 'no value is shown');
    await sluice.process.stop('SIGTERM');
  }
});

test('an admin token with a line end behind signs in; with one inside, the start names the variable and shows no value', async (t) => {
  const sluice = await Sluice.start(t, { managed: true, env: { SLUICE_ADMIN_TOKEN: `${ADMIN_TOKEN}\n` } });
  assert.equal((await sluice.api('GET', 'projects')).status, 200);
  const created = await sluice.api('POST', 'projects', { key: 'web', name: 'Web' });
  assert.equal(created.status, 201);
  for (const [member, key] of [['apiKey', ' sdk-x'], ['apiKey', 'sdk-x\n'], ['mobileKey', 'mob x1'], ['mobileKey', 'mob-é-1']]) {
    const refused = await sluice.api('POST', 'projects/web/environments', { key: 'e', name: 'E', color: '000000', [member]: key });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.ok(refused.body.message.includes(member), refused.body.message);
    assert.ok(refused.body.message.includes('can never match'), refused.body.message);
  }
  assert.match((await refusedStart(t, { SLUICE_ADMIN_TOKEN: `${ADMIN_TOKEN}\nx` })), /SLUICE_ADMIN_TOKEN/);
  assert.doesNotMatch((await refusedStart(t, { SLUICE_ADMIN_TOKEN: `${ADMIN_TOKEN}\nx` })), new RegExp(ADMIN_TOKEN));
});

test('an SDK key in the file that could never match is refused', async (t) => {
  const text = configText({}).replace('"sdk-7e570000-0000-4000-8000-000000000001"', '" sdk-7e570000-0000-4000-8000-000000000001"');
  const output = await refusedStart(t, {}, text);
  assert.match(output, /sdk_keys/);
  assert.match(output, /can never match/);
});

// What a server says that does not start.
async function refusedStart(t, env, text = configText({})) {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'sluice.toml');
  await writeFile(file, text, { mode: 0o600 });
  const args = ['serve', '--config', file, '--data-dir', path.join(folder, 'data'), '--listen', `127.0.0.1:${await freePort()}`,
    '--admin-listen', `127.0.0.1:${await freePort()}`];
  const child = spawn(sluiceBinary, args, { env: { PATH: process.env.PATH, HOME: folder, ...env } });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => { output += piece; });
  const status = await new Promise((resolve) => child.once('close', resolve));
  assert.notEqual(status, 0, output);
  return output;
}

test('a metadata service that takes 1.2 s for each answer is waited for, and told as slow', async (t) => {
  const NODE_ROLE = 'arn:aws:iam::123456789012:role/node';
  const kinesim = await Kinesim.start(t, { config: { instance_role: NODE_ROLE, roles: [{ arn: NODE_ROLE }] } });
  await kinesim.addFaults({ kind: 'latency', operation: 'InstanceMetadata', latency_ms: 1200 });
  const sluice = await Sluice.start(t, {
    destinations: [kinesim.destination()],
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: kinesim.uri },
  });
  await deliversOne(sluice, 'slow', { timeoutMs: 15_000 });
  const slow = (await sluice.destination()).notes.find(({ code }) => code === 'metadata_slow');
  assert.match(slow.message, /answers slowly: after 1\.2/);
  await sluice.process.stop('SIGTERM');

  const impatient = await Sluice.start(t, {
    destinations: [kinesim.destination()],
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: kinesim.uri,
      AWS_METADATA_SERVICE_TIMEOUT: '0.5', AWS_METADATA_SERVICE_NUM_ATTEMPTS: '2' },
  });
  assert.equal(await impatient.post([customEvent('too slow')]), 202);
  const told = await waitFor('it to be told', async () => {
    const found = await impatient.destination();
    return found.problem?.code === 'metadata_slow' && found;
  }, { timeoutMs: 10_000 });
  assert.equal(told.state, 'waiting');
  assert.match(told.problem.message, /too slow: no answer within 0\.5 s in 2 tries/);
});
