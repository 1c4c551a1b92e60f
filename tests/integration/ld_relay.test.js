// An ld-relay is swapped for Sluice: by its configuration file, or in place, by its environment variables.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { link, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startFlagServer, TRACKED_FLAGS } from './lib/flag_server.js';
import { sluiceBinary } from './lib/paths.js';
import { freePort, Process, temporaryFolder } from './lib/process.js';
import { Recorder } from './lib/recorder.js';
import { ADMIN_TOKEN, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const { init } = require('@launchdarkly/node-server-sdk');
const run = promisify(execFile);
const CONTEXT = { kind: 'user', key: 'anna' };

// What an SDK that pointed at the ld-relay sees: its flags, and its events at LaunchDarkly.
async function assertServes(t, uri, recorder) {
  const client = init(SDK_KEY, { streamUri: uri, baseUri: uri, eventsUri: uri, flushInterval: 3600, diagnosticOptOut: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 10 });
  for (const [key, value] of Object.entries(TRACKED_FLAGS)) assert.deepEqual(await client.variation(key, CONTEXT, 'none'), value);
  client.track('order-placed', CONTEXT);
  await client.flush();
  await waitFor('the events', () => recorder.payloads().length > 0);
  const [{ headers, body }] = recorder.payloads();
  assert.equal(headers.authorization, SDK_KEY);
  const events = JSON.parse(body);
  assert.equal(events.filter(({ kind }) => kind === 'feature').length, Object.keys(TRACKED_FLAGS).length);
  assert.ok(events.some(({ kind, key }) => kind === 'custom' && key === 'order-placed'));
}

test('sluice relay import: an SDK of the ld-relay is served by a Sluice with the imported configuration', async (t) => {
  const upstream = await startFlagServer(t);
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t);
  const file = path.join(sluice.folder, 'ld-relay.conf');
  await writeFile(file, `
[Main]
    streamUri = "${upstream.uri}"
    baseUri = "${upstream.uri}"   ; one address
    heartbeatInterval = 30s
[Events]
    sendEvents = true
    eventsUri = "${recorder.uri}"
[Environment "Shop Production"]
    sdkKey = "${SDK_KEY}"
    ttl = 5m
    secureMode = true
`);
  await sluice.process.stop('SIGTERM');
  const { stdout, stderr } = await run(sluiceBinary, ['relay', 'import', file, '--force', '--output', sluice.configFile], { env: { PATH: process.env.PATH } });
  assert.equal(stdout, '');
  const told = stderr.replace(/\s+/g, ' ');
  assert.match(told, /To do: .*line 12, \[Environment "Shop Production"\] secureMode: .*LaunchDarkly/);
  assert.match(told, /Ignored: .*line 5, \[Main\] heartbeatInterval: Sluice sends one every 55 s\./);
  assert.match(told, /Ignored: .*\] ttl: /);
  assert.equal((await stat(sluice.configFile)).mode & 0o077, 0, 'it holds keys');
  assert.match(await readFile(sluice.configFile, 'utf8'), /listen = "0\.0\.0\.0:8030"/);
  sluice.extraArguments = ['--accept-empty-catalog'];
  await sluice.launch();
  await assertServes(t, sluice.uri, recorder);
});

test('what was imported goes into a managed catalog with sluice import', async (t) => {
  const upstream = await startFlagServer(t);
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  const file = path.join(sluice.folder, 'ld-relay.conf'), imported = path.join(sluice.folder, 'imported.toml');
  await writeFile(file, `[Main]\nstreamUri=${upstream.uri}\nbaseUri=${upstream.uri}\n[Events]\nsendEvents\neventsUri=${recorder.uri}\n[Environment "shop"]\nsdkKey=${SDK_KEY}\n`);
  const env = { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN };
  await run(sluiceBinary, ['relay', 'import', file, '--output', imported], { env });
  const { stdout } = await run(sluiceBinary, ['import', imported], { env });
  assert.match(stdout, /3 created, 0 changed/);
  const { body } = await sluice.api('GET', 'projects/default/environments/shop/flag-source');
  assert.equal(body.flagSource, 'launchdarkly');
  await assertServes(t, sluice.uri, recorder);
});

test('in place: sluice serve --ld-relay-env serves what the variables of the ld-relay say, on its port', async (t) => {
  const upstream = await startFlagServer(t);
  const recorder = await Recorder.start(t);
  const folder = await temporaryFolder(t);
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', SLUICE_DATA_DIR: path.join(folder, 'data'), SLUICE_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    PORT: String(port), STREAM_URI: upstream.uri, BASE_URI: upstream.uri, USE_EVENTS: '1', EVENTS_HOST: recorder.uri,
    LD_ENV_shop: SDK_KEY, LD_LOG_LEVEL_shop: 'debug', REDIS_PORT: 'tcp://172.17.0.2:6379',
  };
  const sluice = new Process('sluice', sluiceBinary, ['serve', '--ld-relay-env'], { env });
  t.after(() => sluice.stop('SIGKILL'));
  await waitFor('sluice to be ready', () => { sluice.requireAlive(); return sluice.output.includes('server.ready'); });
  assert.match(sluice.output, /ld_relay\.ignored.*LD_LOG_LEVEL_shop/);
  await assertServes(t, `http://127.0.0.1:${port}`, recorder);
  sluice.child.kill('SIGHUP');
  await waitFor('the reload', () => sluice.output.includes('config.reloaded'));
});

test('what Sluice does not do is refused by name, and nothing is written or served', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'ld-relay.conf'), output = path.join(folder, 'sluice.toml');
  await writeFile(file, `[AutoConfig]\nkey = "rel-1"\n[Redis]\nurl = "redis://r"\n[Main]\nbigSegmentsStaleThreshold = 5m\n[OfflineMode]\nfileDataSource = /a\n[Environment "a"]\nsdkKey = k\n`);
  const refused = async (args, env = {}) => {
    const failed = await run(sluiceBinary, args, { env: { PATH: process.env.PATH, HOME: folder, ...env } }).then(() => assert.fail('it was accepted'), (error) => error);
    assert.equal(failed.code, 2);
    return failed.stderr.replace(/\s+/g, ' ');
  };
  for (const args of [['relay', 'import', file, '--output', output], ['serve', '--ld-relay-config', file, '--check-config']]) {
    const words = await refused(args);
    for (const name of [/\[AutoConfig\] key/, /\[Redis\] url/, /\[Main\] bigSegmentsStaleThreshold/, /\[OfflineMode\] fileDataSource/]) assert.match(words, name);
  }
  await assert.rejects(stat(output));
  assert.match(await refused(['serve', '--ld-relay-env'], { LD_ENV_a: 'k', USE_DYNAMODB: 'true' }), /variable USE_DYNAMODB/);
  assert.match(await refused(['serve', '--ld-relay-env'], { LD_ENV_a: 'k', SLUICE_CONFIG: file }), /Remove one of them/);
  assert.match(await refused(['relay', 'import']), /--from-env/);
});

test('what the imported configuration has wrong is named without lines of a text that nobody has, and a file is replaced only when told to', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'ld-relay.conf'), output = path.join(folder, 'sluice.toml');
  const imported = (...args) => run(sluiceBinary, ['relay', 'import', file, '--output', output, ...args], { env: { PATH: process.env.PATH, HOME: folder } }).then(({ stderr }) => ({ code: 0, stderr }), (error) => error);
  await writeFile(file, '[Main]\nstreamUri = "http://169.254.169.254"\nbaseUri = "http://169.254.169.254"\n[Environment "a"]\nsdkKey = sdk-a\n');
  const wrong = await imported();
  assert.equal(wrong.code, 2, wrong.stderr);
  assert.match(wrong.stderr, /ld-relay\.conf, environment "[^"]*", flag_stream_uri:\n.*link-local/);
  assert.doesNotMatch(wrong.stderr, /, line \d/);
  await writeFile(file, '[Environment "a"]\nsdkKey = sdk-a\n');
  await writeFile(output, 'mine');
  const kept = await imported();
  assert.equal(kept.code, 1);
  assert.match(kept.stderr, /sluice\.toml is there already\. Give another name, or --force to replace it\./);
  assert.equal(await readFile(output, 'utf8'), 'mine');
  assert.equal((await imported('--force')).code, 0);
  assert.match(await readFile(output, 'utf8'), /sdk-a/);
  assert.equal((await stat(output)).mode & 0o777, 0o600);
});

test('the file that is imported is not replaced by what it became, whatever it is called', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'ld-relay.conf'), symbolic = path.join(folder, 'symbolic'), hard = path.join(folder, 'hard');
  const text = '[Environment "a"]\nsdkKey = sdk-a\n';
  await writeFile(file, text);
  await symlink(file, symbolic);
  await link(file, hard);
  for (const output of [file, symbolic, hard]) {
    for (const force of [[], ['--force']]) {
      const { code, stderr } = await run(sluiceBinary, ['relay', 'import', file, '--output', output, ...force], { env: { PATH: process.env.PATH } }).then(() => ({ code: 0 }), (error) => error);
      assert.equal(code, 2, output);
      assert.match(stderr, /is the file that is imported\. Give --output another name/);
    }
    assert.equal(await readFile(output, 'utf8'), text);
  }
});
