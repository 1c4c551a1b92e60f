// What docs/threat-model.md promises of the running server. Its table names these tests.
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { kinesimBinary, sluiceBinary } from './lib/paths.js';
import { freePort, Process, runToEnd, temporaryFolder } from './lib/process.js';
import { ADMIN_TOKEN, configText, CREDENTIALS, customEvent, destination, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-5ec2e700-0000-4000-8000-00000000000a';
const MOBILE_KEY = 'mob-5ec2e700-0000-4000-8000-00000000000b';
const HASH_SECRET = 'hash-5ec2e700-4000-8000-00000000000c';
const KEY = 'ab'.repeat(32);

const configFor = (kinesim, more) => ({
  region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri, ...more,
});

async function withEnvironment(sluice) {
  const made = await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', apiKey: SDK_KEY, mobileKey: MOBILE_KEY }] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await waitFor('the key to be known', async () => (await sluice.post([], { key: SDK_KEY })) === 202);
}

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    yield at;
    if (entry.isDirectory()) yield* filesIn(at);
  }
}

test('no token, SDK key, hash secret or AWS secret is in the log at its most talkative, in an error, the audit log, status or metrics', async (t) => {
  const kinesim = await Kinesim.start(t);
  const wrong = 'wrong-secret-5ec2e70000000000000000000000';
  const sluice = await Sluice.start(t, { managed: true, settings: { log: { level: 'debug', format: 'json' } } });
  await withEnvironment(sluice);
  const said = [];
  const ask = async (...call) => {
    const answer = await sluice.api(...call);
    said.push(JSON.stringify(answer.body ?? ''));
    return answer;
  };
  const make = (name, config) => ask('POST', 'destinations/web/production', { name, kind: 'kinesis', config, on: true });
  const made = await make('good', configFor(kinesim, { hashAttributes: ['email'], hashSecret: HASH_SECRET }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await make('no such stream', configFor(kinesim, { streamName: 'none' }));
  await make('no such role', configFor(kinesim, { roleArn: `${ROLE}-not` }));
  await make('wrong external id', configFor(kinesim, { externalId: 'another' }));
  await make('faulty', configFor(kinesim, { hashSecret: HASH_SECRET, hashAttributes: [7], nonsense: true }));
  await make('nobody there', configFor(kinesim, { endpoint: `http://127.0.0.1:${await freePort()}` }));
  assert.equal(await sluice.post([customEvent('one', { context: { kind: 'user', key: 'u', email: 'a@b.c' } })], { key: SDK_KEY }), 202);
  await waitFor('the event', async () => (await kinesim.texts()).length > 0);
  // What is refused, with secrets in every place that a careless message could quote.
  await ask('PATCH', `destinations/web/production/${made.body._id}`, [{ op: 'replace', path: '/config/hashSecret', value: 'short' }]);
  await ask('POST', 'projects/web/environments', { key: 'second', name: 'Second', apiKey: SDK_KEY });
  await ask('GET', 'projects', undefined, { token: wrong });
  const token = (await sluice.api('POST', 'tokens', { name: 'reader', role: 'reader' })).body.token;
  assert.ok(token.length > 16);
  await ask('POST', 'projects', { key: 'no', name: 'No' }, { token });
  assert.equal(await sluice.post([customEvent('x')], { key: wrong }), 401);
  assert.equal(await sluice.post([customEvent('x')], { key: MOBILE_KEY }), 401);
  sluice.reload();
  await waitFor('the states', async () => (await sluice.status()).destinations.filter(({ problem }) => problem).length >= 3);
  said.push(JSON.stringify((await ask('GET', 'auditlog')).body), JSON.stringify(await sluice.status()));
  for (const where of ['/metrics', '/flags', '/readyz']) said.push(await (await sluice.page(where)).text());
  said.push(JSON.stringify((await ask('GET', 'destinations')).body));
  await sluice.process.stop('SIGTERM');
  said.push(sluice.process.output);
  assert.match(sluice.process.output, /"level":"debug"|server\.stopped/);
  const all = said.join('\n');
  for (const [name, secret] of Object.entries({ SDK_KEY, MOBILE_KEY, HASH_SECRET, ADMIN_TOKEN, token, wrong, aws: CREDENTIALS.secretAccessKey })) {
    const at = all.indexOf(secret);
    assert.equal(at, -1, `${name} was told: …${all.slice(Math.max(0, at - 200), at + 20)}`);
  }
  assert.ok(!/FwoGZXIvYXdz|SessionToken>[^<]/.test(all), 'no session token');
});

test('no core dump, and no other user looks into the memory, unless told', async (t) => {
  for (const [told, dumpable] of [[false, false], [true, true]]) {
    const sluice = await Sluice.start(t, { settings: { security: { core_dumps: told } } });
    const limits = readFileSync(`/proc/${sluice.process.pid}/limits`, 'utf8');
    assert.equal(/Max core file size +0 +0 /.test(limits), !dumpable, limits);
    // What is not dumpable belongs to root, whoever runs it (proc(5)); as root that cannot be told apart, so the limit has to do.
    await sluice.process.stop();
  }
});

test('every file is 0600 and every directory 0700, whatever the umask, and wider ones are mended with a word', async (t) => {
  const kinesim = await Kinesim.start(t);
  const folder = await temporaryFolder(t);
  const dataDir = path.join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o755 });
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const sluice = await Sluice.start(t, { managed: true, dataDir });
  await withEnvironment(sluice);
  await sluice.api('POST', 'destinations/web/production', { name: 'd', kind: 'kinesis', config: configFor(kinesim), on: true });
  await sluice.post([customEvent('one'), 7], { key: SDK_KEY });
  await waitFor('the event', async () => (await kinesim.texts()).length > 0);
  assert.equal((await sluice.api('POST', 'backup')).status, 201);
  const check = () => {
    const files = [dataDir, ...filesIn(dataDir)];
    for (const file of files) {
      const status = lstatSync(file);
      assert.equal((status.mode & 0o777).toString(8), status.isDirectory() ? '700' : '600', file);
    }
    return files.length;
  };
  assert.ok(check() > 8, 'journal, cursors, dead letters, catalog, flags, backup');
  await sluice.process.stop();
  chmodSync(path.join(dataDir, 'catalog.db'), 0o644);
  chmodSync(path.join(dataDir, 'journal'), 0o755);
  await sluice.launch();
  check();
  assert.match(sluice.process.output, /files\.made_private/);
});

test('with a key the SDK keys are nowhere in the data directory; SDKs are known, another key is refused, the key can be changed', async (t) => {
  const folder = await temporaryFolder(t);
  const keyFile = path.join(folder, 'catalog.key');
  const sluice = await Sluice.start(t, { managed: true });
  await withEnvironment(sluice);
  const onDisk = () => [...filesIn(sluice.dataDir)].filter((file) => lstatSync(file).isFile() && readFileSync(file).includes(SDK_KEY));
  assert.ok(onDisk().length > 0, 'plain without a key');
  await sluice.process.stop();
  const restart = async (key) => {
    writeFileSync(keyFile, key, { mode: 0o600 });
    sluice.environment.SLUICE_CATALOG_KEY_FILE = keyFile;
    await sluice.launch();
    assert.equal(await sluice.post([customEvent('x')], { key: SDK_KEY }), 202);
    assert.deepEqual(onDisk(), []);
    assert.equal((await sluice.api('GET', 'projects/web/environments/production')).body.apiKey, SDK_KEY);
    await sluice.process.stop();
  };
  await restart(`${KEY}\n`);
  await restart(`${'cd'.repeat(32)}\n${KEY}\n`);
  for (const [key, reason] of [[KEY, /encrypted under the key/], ['not a key', /64 hex digits/]]) {
    writeFileSync(keyFile, key);
    const { status, output } = await runToEnd(sluiceBinary, ['serve', '--data-dir', sluice.dataDir, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'], { env: sluice.environment });
    assert.equal(status, 1, output);
    assert.match(output, reason);
    assert.ok(!output.includes(key), 'the key is not shown');
  }
  await restart('cd'.repeat(32));
});

test('a managed destination names no endpoint that the server does not allow, neither saved nor tried, and the error names the setting', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  await withEnvironment(sluice);
  const before = await sluice.api('POST', 'destinations/web/production', { name: 'before', kind: 'kinesis', config: configFor(kinesim), on: true });
  assert.equal(before.status, 201);
  await sluice.process.stop();
  sluice.environment.SLUICE_OUTBOUND_ALLOWED = 'kinesis.internal';
  await sluice.launch();
  const config = configFor(kinesim);
  const refused = (answer, endpoint) => {
    assert.equal(answer.status, 400, `${endpoint}: ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.message, /outbound\.allowed|link-local/);
  };
  const target = 'destinations/web/production';
  for (const field of ['endpoint', 'stsEndpoint'])
    for (const endpoint of [kinesim.uri, 'http://localhost:9', 'http://10.0.0.1', 'https://x.s3.amazonaws.com', 'http://169.254.169.254', 'http://[fd00:ec2::254]', 'http://2852039166'])
      refused(await sluice.api('POST', target, { name: 'x', kind: 'kinesis', config: { ...config, endpoint: undefined, stsEndpoint: undefined, [field]: endpoint }, on: true }), endpoint);
  refused(await sluice.api('POST', `${target}/check`, { name: 'x', kind: 'kinesis', config, on: true }), 'a check of what is not saved');
  for (const endpoint of ['https://kinesis.internal:4567', 'https://kinesis.eu-west-1.amazonaws.com'])
    assert.equal((await sluice.api('POST', target, { name: endpoint, kind: 'kinesis', config: { ...config, endpoint, stsEndpoint: undefined }, on: false })).status, 201, endpoint);
  // What was there before the list was narrowed stays, sends nothing, and says why.
  const counted = (await kinesim.texts()).length;
  assert.equal(await sluice.post([customEvent('kept')], { key: SDK_KEY }), 202);
  await waitFor('the reason', async () => /outbound\.allowed/.test(JSON.stringify((await sluice.destination('before')).problem)));
  assert.equal((await kinesim.texts()).length, counted);
  assert.equal((await sluice.api('PATCH', `${target}/${before.body._id}`, [{ op: 'replace', path: '/on', value: false }])).status, 200, 'it can be switched off');
});

test('a configuration file names no metadata address either', async (t) => {
  const file = path.join(await temporaryFolder(t), 'sluice.toml');
  writeFileSync(file, configText({ destinations: [{ name: 'd', project: 'test', environment: 'production', kind: 'kinesis', region: 'us-east-1', stream_name: 's', endpoint: 'http://169.254.169.254' }] }));
  const { status, output } = await runToEnd(sluiceBinary, ['serve', '--config', file, '--check-config'], { env: { PATH: process.env.PATH } });
  assert.equal(status, 2, output);
  assert.match(output, /metadata service/);
});

test('admin routes are not on the intake port, nor SDK endpoints on the admin port', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await withEnvironment(sluice);
  const headers = { authorization: ADMIN_TOKEN };
  for (const route of ['/api/v2/projects', '/api/v2/destinations', '/metrics', '/console/', '/api/docs/', '/api/openapi.json', '/api/session'])
    for (const method of ['GET', 'POST']) assert.equal((await fetch(sluice.uri + route, { method, headers })).status, 404, `${method} ${route} on intake`);
  assert.equal((await fetch(`${sluice.uri}/flags`, { headers })).status, 401, 'flag delivery has a path of that name, for SDK keys');
  const named = await (await fetch(`${sluice.uri}/status`)).text();
  assert.ok(!named.includes('web'), 'the intake port tells no names');
  for (const route of ['/bulk', '/mobile', '/diagnostic', `/events/bulk/${'0'.repeat(24)}`])
    assert.equal((await fetch(sluice.adminUri + route, { method: 'POST', headers: { authorization: SDK_KEY }, body: '[]' })).status, 404, `${route} on admin`);
  assert.equal((await sluice.api('GET', 'projects', undefined, { token: SDK_KEY })).status, 401, 'an SDK key is no token');
});

// Of fetch(), which does not let a caller choose Host.
const askAs = (port, host, path_, headers = {}) => new Promise((resolve, reject) => {
  request({ port, path: path_, headers: { host, ...headers } }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on('error', reject).end();
});

for (const managed of [true, false]) {
  test(`the admin port shows nothing of value without a token: ${managed ? 'managed' : 'declared in a file'}`, async (t) => {
    const secretStream = 'arn:aws:kinesis:us-east-1:123456789012:stream/hidden-stream';
    const sluice = await Sluice.start(t, { managed, destinations: [destination({ name: 'hidden name', stream_name: undefined, stream_arn: secretStream })] });
    for (const path_ of ['/flags', '/metrics']) {
      const answer = await fetch(sluice.adminUri + path_);
      assert.equal(answer.status, 401, path_);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.match((await answer.json()).message, /needs an access token/);
    }
    const summary = await fetch(`${sluice.adminUri}/status`);
    assert.equal(summary.status, 200);
    const text = await summary.text();
    assert.ok(!text.includes('hidden') && typeof JSON.parse(text).ready === 'boolean', 'strangers see a summary');
    for (const path_ of ['/status', '/flags', '/metrics']) {
      const wrong = await fetch(sluice.adminUri + path_, { headers: { authorization: 'api-wrong-wrong-wrong' } });
      assert.equal(wrong.status, 401, path_);
      const right = await sluice.page(path_);
      assert.equal(right.status, 200, path_);
      assert.deepEqual(['cache-control', 'x-content-type-options'].map((name) => right.headers.get(name)), ['no-store', 'nosniff']);
    }
    if (!managed) assert.match(await (await sluice.page('/status')).text(), /hidden name/);
    for (const [host, status] of [['evil.example', 421], [`127.0.0.1.nip.io:${sluice.adminPort}`, 421], ['sluice.internal', 200], ['localhost', 200]])
      assert.equal(await askAs(sluice.adminPort, host, '/status'), status, host);
    assert.equal(await askAs(sluice.adminPort, 'evil.example', '/healthz'), 200, 'probes call by any name');
  });
}

test('what its owner opens is open: metrics without a token, a name that is listed', async (t) => {
  const sluice = await Sluice.start(t, { settings: { admin: { open_metrics: true, hosts: 'sluice.example.com, other.example.com' } } });
  assert.match(await (await fetch(`${sluice.adminUri}/metrics`)).text(), /sluice_journal_/);
  assert.equal((await fetch(`${sluice.adminUri}/flags`)).status, 401);
  assert.equal(await askAs(sluice.adminPort, 'sluice.example.com:8031', '/metrics'), 200);
  assert.equal(await askAs(sluice.adminPort, 'evil.example.com', '/metrics'), 421);
});

test('a server of a file writes its token down for its owner alone, and a token of an earlier SLUICE_ADMIN_TOKEN ends', async (t) => {
  const sluice = await Sluice.start(t, { env: { SLUICE_ADMIN_TOKEN: '' } });
  const file = path.join(sluice.dataDir, 'admin-token');
  assert.equal(lstatSync(file).mode & 0o777, 0o600);
  const token = readFileSync(file, 'utf8').trim();
  assert.equal((await fetch(`${sluice.adminUri}/metrics`, { headers: { authorization: `Bearer ${token}` } })).status, 200);

  const managed = await Sluice.start(t, { managed: true });
  const calls = (secret) => fetch(`${managed.adminUri}/api/v2/projects`, { headers: { authorization: secret } });
  assert.equal((await calls(ADMIN_TOKEN)).status, 200);
  await managed.process.stop();
  managed.environment.SLUICE_ADMIN_TOKEN = 'api-another-token-of-the-owner';
  await managed.launch();
  assert.equal((await calls(ADMIN_TOKEN)).status, 401);
  assert.equal((await calls('api-another-token-of-the-owner')).status, 200);
});

test('the console may run its own scripts alone, be framed by nobody and tell no address', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const { headers } = await fetch(`${sluice.adminUri}/console/`);
  if (headers.get('content-security-policy') === null) return t.skip('built without its console');
  const policy = headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) assert.ok(policy.includes(part), policy);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
  const api = await fetch(`${sluice.adminUri}/api/v2/projects`, { headers: { authorization: ADMIN_TOKEN, origin: 'https://evil.example' } });
  assert.equal(api.headers.get('access-control-allow-origin'), null, 'other origins read nothing of the API');
});

test('TLS 1.1 and ciphers without forward secrecy are refused, 1.2 and 1.3 are not', async (t) => {
  const folder = await temporaryFolder(t);
  const maker = new Process('kinesim', kinesimBinary, ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0', '--tls-dir', folder]);
  const file = (name) => path.join(folder, `kinesim-${name}.pem`);
  await waitFor('the certificate', () => readFileSync(file('key')).length > 0 && readFileSync(file('cert')).length > 0);
  await maker.stop('SIGTERM');
  chmodSync(file('key'), 0o644);
  const ports = [await freePort(), await freePort()];
  const args = ['serve', '--data-dir', path.join(folder, 'data'), '--listen', `127.0.0.1:${ports[0]}`, '--admin-listen', `127.0.0.1:${ports[1]}`];
  for (const which of ['', 'admin-']) args.push(`--${which}tls-certificate`, file('cert'), `--${which}tls-key`, file('key'));
  const sluice = new Process('sluice', sluiceBinary, args, { env: { PATH: process.env.PATH } });
  t.after(() => sluice.stop('SIGKILL'));
  const handshake = (port, options) => new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    }).on('error', (error) => resolve(error.code));
  });
  await waitFor('sluice to listen', async () => {
    sluice.requireAlive();
    return (await handshake(ports[0], {})) === 'TLSv1.3';
  });
  for (const port of ports) {
    assert.equal(await handshake(port, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' }), 'TLSv1.2');
    const old = await handshake(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' });
    assert.match(old, /ALERT_PROTOCOL_VERSION/);
    const weak = await handshake(port, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0' });
    assert.match(weak, /HANDSHAKE_FAILURE|ECONNRESET/);
  }
  assert.match(sluice.output, /tls\.key_readable_by_all/);
});
