// What people are told about flag delivery: where flags come from, which SDKs take them, and whether a flag is sent in full or why not.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { serverFlag } from './lib/flag_server.js';
import { integrationFolder, sluiceBinary } from './lib/paths.js';
import { freePort, runToEnd } from './lib/process.js';
import { ADMIN_TOKEN, ENVIRONMENT_ID, MOBILE_KEY, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const FLAGS = { flags: { checkout: serverFlag('checkout', { variations: [true, false] }), banner: serverFlag('banner', { variations: ['blue', 'red'] }) } };
const versionOf = async (name) => JSON.parse(await readFile(path.join(integrationFolder, 'node_modules', name, 'package.json'), 'utf8')).version;
const AT = 'projects/web/environments/production';

async function start(t, { environment = {} } = {}) {
  const sluice = await Sluice.start(t, { managed: true });
  sluice.flagFile = path.join(sluice.dataDir, 'flag-files', 'flags.json');
  await mkdir(path.dirname(sluice.flagFile), { recursive: true });
  await writeFile(sluice.flagFile, JSON.stringify(FLAGS));
  const made = await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', _id: ENVIRONMENT_ID, apiKey: SDK_KEY, mobileKey: MOBILE_KEY, ...environment }] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  sluice.run = (...args) => runToEnd(sluiceBinary, args, { env: { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN } });
  sluice.done = async (...args) => {
    const { status, output } = await sluice.run(...args);
    assert.equal(status, 0, `sluice ${args.join(' ')}: ${output}`);
    return output;
  };
  sluice.sdks = async () => (await sluice.api('GET', `${AT}/sdks`)).body;
  sluice.inFull = async (flag) => (await sluice.api('GET', `flags/web/${flag}?env=production`)).body.environments.production.inFull;
  sluice.codeOf = async (flag) => (await sluice.inFull(flag)).code;
  return sluice;
}

test('a flag that its source has is listed and can be switched before an event names it, until the source has it no more', async (t) => {
  const sluice = await start(t);
  await sluice.done('environment', 'update', 'web', 'production', '--feature-events', 'chosen flags', '--new-flags', 'false');
  assert.equal((await sluice.api('GET', 'flags/web')).body.totalCount, 0);
  assert.equal((await sluice.api('GET', 'flags/web/checkout')).status, 404);
  await sluice.done(...SOURCE);
  await waitFor('the flags', async () => (await sluice.api('GET', 'flags/web')).body.totalCount === 2);
  await sluice.post([{ kind: 'feature', key: 'checkout', version: 11, variation: 0, value: true, creationDate: Date.now(), context: CONTEXT }]);
  await waitFor('the event', async () => (await sluice.api('GET', 'flags/web/checkout')).body.environments.production.evaluations === 1);
  const list = (await sluice.api('GET', 'flags/web')).body;
  assert.deepEqual(list.items.map(({ key }) => key), ['banner', 'checkout'], 'each once');
  const { lastSeen, evaluations, trackEvents } = list.items[0].environments.production;
  assert.deepEqual([lastSeen, evaluations, trackEvents], [0, 0, false]);
  assert.deepEqual((await sluice.api('GET', 'flags/web?filter=query:bann')).body.items.map(({ key }) => key), ['banner']);
  assert.deepEqual((await sluice.api('GET', 'flags/web?sort=-evaluations&limit=1')).body.items.map(({ key }) => key), ['checkout']);
  await sluice.done('flag', 'on', 'web', 'production', 'banner');
  await waitFor('the switch', async () => (await sluice.codeOf('banner')) === 'noSdk');
  const served = await (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).json();
  assert.deepEqual([served.flags.banner.trackEvents, served.flags.checkout.trackEvents], [true, false]);
  await writeFile(sluice.flagFile, JSON.stringify({ flags: { checkout: FLAGS.flags.checkout } }));
  await waitFor('the flag to be gone', async () => (await sluice.api('GET', 'flags/web')).body.items.every(({ key }) => key !== 'banner'));
});

async function sdkOf(t, sluice, options = {}) {
  const client = require('@launchdarkly/node-server-sdk').init(SDK_KEY, {
    streamUri: sluice.uri, baseUri: sluice.uri, eventsUri: sluice.uri, flushInterval: 3600, diagnosticOptOut: true,
    logger: { debug() {}, info() {}, warn() {}, error() {} }, ...options,
  });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 10 });
  return client;
}

const SOURCE = ['environment', 'update', 'web', 'production', '--flag-source', 'files', '--flag-file', 'flags.json'];
const CONTEXT = { kind: 'user', key: 'anna' };

test('a flag says whether SDKs send it in full, and every reason why not, as each is settled', async (t) => {
  const sluice = await start(t);
  await sluice.post([{ kind: 'feature', key: 'checkout', version: 11, variation: 0, value: true, creationDate: Date.now(), context: CONTEXT }]);
  await sluice.post([{ kind: 'feature', key: 'elsewhere', version: 1, variation: 0, value: true, creationDate: Date.now(), context: CONTEXT }]);
  await waitFor('the flag to be seen', async () => (await sluice.api('GET', 'flags/web/elsewhere')).status === 200);
  assert.equal(await sluice.codeOf('checkout'), 'asSent');
  await sluice.done('environment', 'update', 'web', 'production', '--feature-events', 'chosen flags', '--new-flags', 'true');
  assert.equal(await sluice.codeOf('checkout'), 'noFlagSource');
  await rm(sluice.flagFile);
  await sluice.done(...SOURCE);
  await waitFor('the missing file to be told', async () => (await sluice.codeOf('checkout')) === 'sourceAway');
  assert.equal((await sluice.inFull('checkout')).sent, false);
  await writeFile(sluice.flagFile, JSON.stringify(FLAGS));
  await waitFor('the file to be read', async () => (await sluice.codeOf('checkout')) === 'noSdk');
  assert.equal(await sluice.codeOf('elsewhere'), 'unknownFlag');
  const client = await sdkOf(t, sluice);
  assert.equal(await client.variation('checkout', CONTEXT, false), true);
  await client.flush();
  // The SDK and whoever posted by hand are two: one of them takes no flags.
  assert.equal(await sluice.codeOf('checkout'), 'someSdks');
  const full = await sluice.inFull('checkout');
  assert.deepEqual([full.sent, full.message], [true, 'SDKs that take their flags from Sluice send this flag in full. Others do not yet.']);
  await sluice.done('flag', 'off', 'web', 'production', 'checkout');
  await waitFor('the switch', async () => (await sluice.codeOf('checkout')) === 'exportOff');
  await sluice.done('flag', 'on', 'web', 'production', 'checkout');
  await waitFor('the switch', async () => (await sluice.inFull('checkout')).sent);
  await rm(sluice.flagFile);
  await waitFor('the source to be away', async () => (await sluice.codeOf('checkout')) === 'sourceAway');
  const away = await sluice.inFull('checkout');
  assert.equal(away.sent, true, 'SDKs keep the flags that they have');
  assert.ok(away.since > 0 && away.since <= Date.now());
  assert.match(await sluice.done('flag', 'show', 'web', 'checkout'), /production\n {2}export +on\n {2}in full +yes\n +SDKs send this flag in full, by the flags that the source sent\n +last: it is unavailable\. Since: \d+ s ago\.\n/);
});

test('SDKs that were seen are listed with what they do and what they need, each kind of key by itself', async (t) => {
  const sluice = await start(t, { environment: { flagSource: 'files', flagFiles: ['flags.json'] } });
  assert.match(await sluice.done('sdk', 'list', 'web', 'production'), /^No SDKs seen since the server started, \d+ s ago\.\n$/);
  const client = await sdkOf(t, sluice, { wrapperName: 'shop', wrapperVersion: '2.1' });
  await waitFor('the stream', async () => (await sluice.sdks()).items[0]?.streams === 1);
  const [streaming] = (await sluice.sdks()).items;
  assert.deepEqual([streaming.name, streaming.version, streaming.wrapper, streaming.credential, streaming.flags, streaming.sendsEvents],
    ['NodeJSClient', await versionOf('@launchdarkly/node-server-sdk'), 'shop/2.1', 'sdk_key', 'stream', false]);
  assert.equal(streaming.needs.code, 'eventsAddress');
  client.track('done', CONTEXT);
  await client.flush();
  await waitFor('its events', async () => (await sluice.sdks()).items[0].sendsEvents);
  assert.equal((await sluice.sdks()).items[0].needs, undefined);

  const event = JSON.stringify([{ kind: 'identify', creationDate: Date.now(), context: CONTEXT }]);
  const json = { 'Content-Type': 'application/json' };
  await fetch(`${sluice.uri}/events/bulk/${ENVIRONMENT_ID}`, { method: 'POST', body: event, headers: { ...json, 'X-LaunchDarkly-User-Agent': 'JSClient/3.5.0', 'X-LaunchDarkly-Wrapper': 'react-client-sdk/3.6.0' } });
  await fetch(`${sluice.uri}/mobile`, { method: 'POST', body: event, headers: { ...json, Authorization: MOBILE_KEY, 'User-Agent': 'AndroidClient/5.3.0' } });
  await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY, 'User-Agent': 'PHPClient/6.4.0' } });
  const context = Buffer.from(JSON.stringify(CONTEXT)).toString('base64url');
  assert.equal((await fetch(`${sluice.uri}/msdk/evalx/contexts/${context}`, { headers: { Authorization: MOBILE_KEY, 'User-Agent': 'AndroidClient/5.3.0' } })).status, 404);
  await fetch(`${sluice.uri}/msdk/eval/users/eyJrZXkiOiJhIn0=`, { headers: { Authorization: MOBILE_KEY, 'User-Agent': 'iOS/2.9.0' } });
  const { items, since, forgotten } = await sluice.sdks();
  const of = (name) => items.find((sdk) => sdk.name === name);
  assert.deepEqual(items.map(({ name }) => name), ['NodeJSClient', 'PHPClient', 'AndroidClient', 'iOS', 'JSClient']);
  assert.deepEqual([of('JSClient').wrapper, of('JSClient').needs.code], ['react-client-sdk/3.6.0', 'evaluatingSource']);
  assert.deepEqual([of('AndroidClient').flags, of('AndroidClient').needs.code], ['none', 'evaluatingSource'], 'who asks in vain takes no flags');
  assert.deepEqual([of('PHPClient').flags, of('PHPClient').needs.code], ['poll', 'eventsAddress']);
  assert.equal(of('iOS').needs.code, 'newerSdk');
  assert.equal(forgotten, 0);
  assert.ok(since <= Date.now());
  const refused = await sluice.api('GET', 'projects/web/environments/nowhere/sdks');
  assert.equal(refused.status, 404);

  client.close();
  await waitFor('the stream to end', async () => (await sluice.sdks()).items[0].streams === 0);
  assert.equal((await sluice.sdks()).items[0].flags, 'stream', 'it counts for a while');
  const shown = await sluice.done('sdk', 'list', 'web', 'production');
  assert.match(shown, /NodeJSClient \d\S+, shop\/2\.1 +SDK key +stream +yes +\d+ s ago +-\n/);
});

test('the state of flag delivery is in the API, on the command line and in the metrics', async (t) => {
  const sluice = await start(t);
  assert.match(await sluice.done('flag-source', 'show', 'web', 'production'), /has no flag source/);
  await sluice.done(...SOURCE);
  await sdkOf(t, sluice);
  const feed = async () => (await sluice.api('GET', `${AT}/flag-source`)).body.feeds[0];
  await waitFor('the stream', async () => (await feed()).streams === 1);
  const status = (await sluice.api('GET', `${AT}/flag-source`)).body;
  assert.deepEqual([status.flagSource, status.files, status.feeds[0].state], ['files', ['flags.json'], 'following']);
  const shown = await sluice.done('flag-source', 'show', 'web', 'production');
  assert.match(shown, /^source +flag data files\naddress +flags\.json\nstate +following: changes arrive\nsince +\d+ s ago\nlast change +\d+ s ago\nflags +2 flags, 0 segments\nstreams +1 of servers, 0 of mobile apps and browsers\n$/);
  for (const line of shown.split('\n')) assert.ok(line.length <= 80, line);
  await waitFor('the metrics', async () => {
    const metrics = await (await sluice.page('/metrics')).text();
    const value = (name, labels) => Number(new RegExp(`^${name}\\{project="web",environment="production",filter=""${labels}\\} (.+)$`, 'm').exec(metrics)?.[1]);
    return value('sluice_relay_streams', ',kind="server"') === 1 && value('sluice_relay_streams', ',kind="client"') === 0 &&
      value('sluice_relay_source_state', ',state="following"') === 1 && value('sluice_relay_source_state', ',state="behind"') === 0 &&
      value('sluice_relay_flags', '') === 2 && value('sluice_relay_unreadable_flags', '') === 0 &&
      Math.abs(value('sluice_relay_last_change_timestamp_seconds', '') - Date.now() / 1000) < 60 && /^sluice_relay_unreadable_answers_total 0$/m.test(metrics);
  });
  await sluice.done('environment', 'update', 'web', 'production', '--flag-source', 'launchdarkly', '--flag-stream-uri', 'http://127.0.0.1:9', '--flag-reasons', 'true');
  const environment = (await sluice.api('GET', AT)).body;
  assert.deepEqual([environment.flagSource, environment.flagStreamUri, environment.flagFiles, environment.flagReasons], ['launchdarkly', 'http://127.0.0.1:9', undefined, true]);
  await waitFor('the address in the state', async () => (await sluice.done('flag-source', 'show', 'web', 'production')).includes('address       http://127.0.0.1:9\n'));
  await sluice.done('environment', 'update', 'web', 'production', '--flag-source', 'none');
  await waitFor('no flags', async () => (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY, 'User-Agent': 'PHPClient/6.4.0' } })).status === 503);
  const inVain = (await sluice.sdks()).items.find(({ name }) => name === 'PHPClient');
  assert.deepEqual([inVain.needs.code, inVain.needs.message], ['flagSource', 'Give the environment a flag source, then point streamUri and baseUri here.']);
  assert.match(await sluice.done('completion', 'bash'), /flag-source/);
});

test('evaluations that cannot be read are passed on as they came, and counted', async (t) => {
  const GARBAGE = '{"checkout":{"value":tru';
  const upstream = createServer((request, response) => {
    if (request.url === '/all') return void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`event: put\ndata: ${JSON.stringify({ path: '/', data: { ...FLAGS, segments: {} } })}\n\n`);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(GARBAGE);
  });
  const port = await freePort();
  await new Promise((done) => upstream.listen(port, '127.0.0.1', done));
  t.after(() => { upstream.closeAllConnections(); upstream.close(); });
  const sluice = await start(t, { environment: { flagSource: 'launchdarkly', flagStreamUri: `http://127.0.0.1:${port}`, featureEvents: 'chosen flags' } });
  const ask = () => fetch(`${sluice.uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/eyJraW5kIjoidXNlciIsImtleSI6ImEifQ`);
  await waitFor('an answer of upstream', async () => (await ask()).status === 200);
  assert.equal(await (await ask()).text(), GARBAGE);
  await waitFor('the count', async () => /^sluice_relay_unreadable_answers_total 2$/m.test(await (await sluice.page('/metrics')).text()));
});

test('a catalog that is declared in a file: how flag delivery is doing can be read, and nothing can be changed', async (t) => {
  const sluice = await Sluice.start(t, {});
  await mkdir(path.join(sluice.dataDir, 'flag-files'), { recursive: true });
  await writeFile(path.join(sluice.dataDir, 'flag-files', 'flags.json'), JSON.stringify(FLAGS));
  const settings = 'flag_source = "files"\nflag_files = ["flags.json"]\nfeature_events = "chosen flags"\n';
  await sluice.writeConfig((await readFile(sluice.configFile, 'utf8')).replace('[[environment]]\n', `[[environment]]\n${settings}`));
  sluice.reload();
  const at = 'projects/test/environments/production';
  await waitFor('the flags', async () => (await sluice.api('GET', `${at}/flag-source`)).body.feeds?.[0]?.state === 'following');
  assert.deepEqual((await sluice.api('GET', `${at}/flag-source`)).body.files, ['flags.json']);
  const client = await sdkOf(t, sluice);
  await client.variation('checkout', CONTEXT, false);
  await client.flush();
  const flag = async () => (await sluice.api('GET', 'flags/test/checkout')).body;
  await waitFor('the flag to be sent in full', async () => (await flag()).environments?.production.inFull.code === 'inFull');
  assert.deepEqual((await sluice.api('GET', 'flags/test')).body.items.map(({ key }) => key), ['banner', 'checkout']);
  assert.deepEqual((await sluice.api('GET', `${at}/sdks`)).body.items.map(({ name }) => name), ['NodeJSClient']);
  const env = { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN };
  for (const [args, expected] of [[['flag-source', 'show', 'test', 'production'], /following/], [['sdk', 'list', 'test', 'production'], /NodeJSClient/], [['flag', 'show', 'test', 'checkout'], /in full +yes/]]) {
    const { status, output } = await runToEnd(sluiceBinary, args, { env });
    assert.equal(status, 0, output);
    assert.match(output, expected);
  }
  assert.equal((await sluice.api('GET', `projects/test/environments/nowhere/flag-source`)).status, 404);
  assert.equal((await sluice.api('GET', `${at}/flag-source`, undefined, { token: 'api-wrong' })).status, 401);
  for (const [method, where, body] of [['PATCH', at, []], ['PATCH', 'flags/test/checkout', []], ['GET', 'destinations', undefined], ['GET', at, undefined]]) {
    const refused = await sluice.api(method, where, body);
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'], `${method} ${where}`);
    assert.match(refused.body.message, /declared in its configuration file/);
  }
});

test('another flag source leaves the settings of the one before, and a setting that is not set can be replaced', async (t) => {
  const sluice = await start(t, { environment: { flagSource: 'launchdarkly' } });
  const patch = (...operations) => sluice.api('PATCH', AT, operations);
  const replaced = await patch({ op: 'replace', path: '/flagStreamUri', value: 'HTTPS://ld-relay.example.com/' });
  assert.equal(replaced.status, 200, JSON.stringify(replaced.body));
  assert.equal((await sluice.api('GET', `${AT}/flag-source`)).body.streamUri, 'https://ld-relay.example.com');
  const none = await patch({ op: 'replace', path: '/flagSource', value: 'none' });
  assert.deepEqual([none.status, none.body.flagSource, none.body.flagStreamUri], [200, 'none', undefined], JSON.stringify(none.body));
  assert.equal((await patch({ op: 'replace', path: '/flagSource', value: 'files' }, { op: 'replace', path: '/flagFiles', value: ['flags.json'] })).status, 200);
  const back = await patch({ op: 'replace', path: '/flagSource', value: 'launchdarkly' });
  assert.deepEqual([back.status, back.body.flagFiles], [200, undefined]);
  const both = await patch({ op: 'replace', path: '/flagSource', value: 'none' }, { op: 'add', path: '/flagSite', value: 'launchdarkly.us' });
  assert.equal(both.status, 400);
  assert.match(both.body.message, /flagSite: This belongs to the flag source "launchdarkly", and the flag source is "none"\. Remove it, or change flagSource\./);
  const unknown = await patch({ op: 'replace', path: '/flagStream', value: 'x' });
  assert.equal(unknown.status, 400);
  for (const [flagStreamUri, says] of [['ftp://x', /Example: "https:\/\/ld-relay\.example\.com"/], ['http://169.254.169.254', /link-local|metadata/]]) {
    const refused = await patch({ op: 'add', path: '/flagStreamUri', value: flagStreamUri });
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, says);
  }
  // From the command line, too.
  await sluice.done('environment', 'update', 'web', 'production', '--flag-stream-uri', 'https://ld-relay.example.com');
  await sluice.done('environment', 'update', 'web', 'production', '--flag-source', 'none');
});
