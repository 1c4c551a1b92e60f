// A running server is managed from the command line, as a person or a script does it.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { documentedUri } from './lib/openapi.js';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { ADMIN_TOKEN, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000001a';

const commandLine = (server, env = { SLUICE_TOKEN: ADMIN_TOKEN }) => (...args) =>
  runToEnd(sluiceBinary, args, { env: { PATH: process.env.PATH, SLUICE_SERVER: server, ...env } });

test('from nothing to a flag that is switched, by the command line alone', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  const server = await documentedUri(t, sluice.adminUri);
  const run = commandLine(server);
  const done = async (...args) => {
    const { status, output } = await run(...args);
    assert.equal(status, 0, `sluice ${args.join(' ')}: ${output}`);
    return output;
  };
  assert.equal(await done('project', 'list'), 'None.\n');
  await done('project', 'create', 'web', '--name', 'Web shop');
  await done('environment', 'create', 'web', 'production', '--name', 'Production', '--sdk-key', SDK_KEY);
  const made = JSON.parse(await done('destination', 'create', 'kinesis', 'web', 'production', '--json', '--name', 'orders', '--region', 'us-east-1',
    '--stream', 'flag-events', '--role-arn', ROLE, '--external-id', EXTERNAL_ID, '--endpoint', kinesim.uri, '--sts-endpoint', kinesim.uri,
    '--set', 'maxCallsInFlight=4', '--set', 'kinds=["feature","custom"]'));
  assert.deepEqual([made.on, made.config.maxCallsInFlight, made.config.kinds], [false, 4, ['feature', 'custom']]);
  const at = ['web', 'production', made._id];

  assert.match(await done('destination', 'test', ...at), /^The test event was delivered in \d+ ms to shardId-\d+, sequence number \d+\. Find it by the flag key LaunchDarklyDataExportTestEvent/);
  assert.ok((await kinesim.texts())[0].includes('LaunchDarklyDataExportTestEvent'));
  await done('destination', 'on', ...at);
  const feature = { kind: 'feature', key: 'checkout', creationDate: 1, variation: 0, value: true, context: { kind: 'user', key: 'u' } };
  await waitFor('the SDK key to be known', async () => (await sluice.post([feature], { key: SDK_KEY })) === 202);
  await waitFor('the event', async () => (await kinesim.texts()).length === 2);
  assert.match(await done('flag', 'list', 'web'), /^KEY +NAME +KIND +ENVIRONMENTS\ncheckout +checkout +boolean +production: on\n$/);
  await done('flag', 'off', 'web', 'production', 'checkout');
  await waitFor('the switch', async () => (await done('flag', 'list', 'web')).includes('production: off'));

  const list = await done('destination', 'list');
  assert.match(list, /^ID +NAME +KIND +ON +TO +IN\n/);
  assert.match(list, /orders +kinesis +true +flag-events, us-east-1/);
  assert.ok((await done('destination', 'status', ...at)).trim().length > 10);
  assert.match(await done('audit', 'list', '--limit', '1'), /switched off "checkout"/);
  const token = JSON.parse(await done('token', 'create', 'ci', '--role', 'reader', '--json'));
  const policy = JSON.stringify([{ effect: 'allow', resources: ['proj/web'], actions: ['viewProject'] }]);
  const policyFile = path.join(sluice.folder, 'policy.json');
  await writeFile(policyFile, policy);
  await done('role', 'create', 'web-only', '--policy', policyFile, '--base-permissions', 'no_access');
  assert.match(await done('role', 'list'), /^web-only +web-only +no_access/m);
  const narrow = JSON.parse(await done('token', 'create', 'narrow', '--custom-role', 'web-only', '--json'));
  assert.equal(narrow.role, 'custom');
  const inline = JSON.parse(await done('token', 'create', 'inline', '--policy', policyFile, '--json'));
  assert.deepEqual(inline.inlineRole, JSON.parse(policy));
  const asReader = commandLine(server, { SLUICE_TOKEN: token.token });
  assert.equal((await asReader('destination', 'list')).status, 0);
  const refused = await asReader('destination', 'delete', ...at);
  assert.deepEqual([refused.status, /needs writer/.test(refused.output)], [1, true], refused.output);
  await done('destination', 'delete', ...at);
  await done('project', 'delete', 'web');
  assert.equal(await done('project', 'list'), 'None.\n');
});

test('exit statuses that scripts can use, and words that say what to do', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  const server = await documentedUri(t, sluice.adminUri);
  const run = commandLine(server);
  const cases = [
    [commandLine(server, {}), ['project', 'list'], 2, /no access token.*SLUICE_TOKEN/s],
    [commandLine(server, { SLUICE_TOKEN: 'api-wrong' }), ['project', 'list'], 1, /Invalid access token/],
    [run, ['project', 'list', '--server', '127.0.0.1:9'], 3, /Cannot reach .*--server/s],
    [run, ['project', 'list', '--token-file', '/nowhere'], 2, /\/nowhere cannot be read/],
    [run, ['project', 'list', '--server', kinesim.uri], 1, /./],
    [run, ['project', 'create'], 2, /PROJECT is required/],
    [run, ['project', 'create', 'a b'], 1, /"a b" is not a key/],
    [run, ['destination'], 2, /A command is missing after "sluice destination"\.\s+Expected one of: .*create/s],
    [run, ['destination', 'update', 'a', 'b', 'c'], 2, /Nothing was given to change.*--help/s],
    [run, ['destination', 'update', 'a', 'b', 'c', '--set', 'x'], 2, /expected NAME=VALUE/],
    [run, ['dance'], 2, /"sluice dance" is no command.*destination.*sluice --help/s],
    [run, ['--foo'], 2, /"--foo" is no option of "sluice"/],
    [run, ['destinaton', 'list'], 2, /"sluice destinaton" is no command\. Did you mean destination\?/],
    [run, ['destination', 'create', 'webhok', 'web', 'prod'], 2, /Did you mean webhook\?/],
    [run, ['flag', 'describe', 'web', 'prod', 'f'], 2, /"sluice flag describe" is no command.*list, on, off, show/s],
  ];
  for (const [command, args, status, words] of cases) {
    const said = await command(...args);
    assert.deepEqual([said.status, words.test(said.output)], [status, true], `sluice ${args.join(' ')}: ${said.output}`);
  }
  const file = path.join(sluice.folder, 'token');
  await writeFile(file, `${ADMIN_TOKEN}\n`);
  assert.equal((await commandLine(server, {})('project', 'list', '--token-file', file)).status, 0);

  await run('project', 'create', 'web');
  await run('environment', 'create', 'web', 'production');
  const made = JSON.parse((await run('destination', 'create', 'kinesis', 'web', 'production', '--json', '--region', 'us-east-1', '--stream', 'none',
    '--role-arn', ROLE, '--external-id', EXTERNAL_ID, '--endpoint', kinesim.uri, '--sts-endpoint', kinesim.uri)).output);
  const tested = await run('destination', 'test', 'web', 'production', made._id);
  assert.deepEqual([tested.status, /not delivered\. There is no stream none/.test(tested.output)], [1, true], tested.output);
});

test('every help screen fits into 80 columns', async () => {
  const help = async (words) => {
    const { status, output } = await runToEnd(sluiceBinary, [...words, '--help'], { env: { PATH: process.env.PATH } });
    assert.equal(status, 0, output);
    for (const line of output.split('\n')) assert.ok([...line].length <= 80, `sluice ${words.join(' ')} --help, ${[...line].length} columns: ${line}`);
    const commands = /\nSubcommands:\n(.*?)(\n\n|$)/s.exec(output)?.[1] ?? '';
    return [...commands.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => [...words, name]);
  };
  let screens = 0;
  for (let level = [[]]; level.length > 0; screens += level.length, level = (await Promise.all(level.map(help))).flat());
  assert.ok(screens > 45, `${screens} screens`);
});

test('settings that are wrong are refused with what is wrong, and nothing else', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const made = await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', color: '000000' }] });
  assert.equal(made.status, 201);
  const create = async (kind, config, more = {}) => (await sluice.api('POST', 'destinations/web/production', { kind, config, ...more })).body;
  const message = async (...args) => (await create(...args)).message;
  const s3 = { bucket: 'flag-events', region: 'us-east-1' };
  assert.match(await message('s3', { ...s3, bucket: '' }), /^config\.bucket: It is empty; expected the name of a bucket\. Example: "acme-flag-events"$/);
  assert.match(await message('s3', { ...s3, bucket: '1.2.3.4' }), /^config\.bucket: '1\.2\.3\.4' looks like an address/);
  assert.match(await message('s3', { ...s3, endpoint: '' }), /^config\.endpoint: It is empty/);
  assert.match(await message('s3', { ...s3, region: 'r'.repeat(5000) }), /^config\.region: expected a region, .* got "r{100}…"\.$/);
  assert.match(await message('foo', { bucket: 'b', url: 5 }), /^kind: "foo" is not a kind of destination; expected [^:]*$/);
  assert.match(await message('launchdarkly-events', { eventsUri: '' }), /^config\.eventsUri: It is empty/);
  const url = 'https://hooks.example.com/events';
  assert.match(await message('webhook', { url: ` ${url}` }), /^config\.url: The address has a space before or after it/);
  assert.match(await message('webhook', { url: 'https://-/' }), /^config\.url: The address has a host with a part that begins/);
  assert.match(await message('webhook', { url: 'https://h..example/' }), /^config\.url: The address has a host with nothing between two dots/);
  assert.match(await message(5, { bucket: 'b', url: 5 }), /^kind: This is a whole number; expected [^:]*\. Example: "kinesis"$/);
  assert.match(await message('webhook', { url, maxEvents: '500', maxCallsInFlight: '2' }), /config\.maxCallsInFlight: .*config\.maxEvents: /);
  assert.match(await message('webhook', { url, maxEvents: '500' }), /^config\.maxEvents: This is string; expected a whole number without quotes/);
  assert.match(await message('webhook', { url }, { name: 'n'.repeat(257) }), /^name: The name has 257 characters; expected at most 256/);
  assert.match(await message('webhook', { url }, { name: 'a\u202eb' }), /^name: The name has a line end/);
  assert.match((await sluice.api('POST', 'tokens', { name: 'a\nb', role: 'reader' })).body.message, /^name: The name has a line end/);
  assert.equal((await create('webhook', { url: 'HTTPS://HOOKS.EXAMPLE.COM/events' })).config.url, 'HTTPS://HOOKS.EXAMPLE.COM/events');
});

test('notes of a destination are shown with what to do, and lists fit the terminal they are shown in', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const run = commandLine(sluice.adminUri);
  await run('project', 'create', 'web');
  await run('environment', 'create', 'web', 'production');
  const url = `https://hooks.example.com/${'a-long-path/'.repeat(15)}end`, relay = 'https://relay.example.com';
  const hook = JSON.parse((await run('destination', 'create', 'webhook', 'web', 'production', '--json', '--url', url)).output);
  await run('destination', 'create', 'launchdarkly-events', 'web', 'production', '--events-uri', relay);
  await run('destination', 'create', 'launchdarkly-events', 'web', 'production', '--name', 'to the site');
  await run('destination', 'on', 'web', 'production', hook._id);
  const listed = (await run('destination', 'list')).output;
  for (const shown of [url, relay, 'launchdarkly.com']) assert.ok(listed.includes(shown), `whole when piped: ${listed}`);
  for (const list of ['destination list', 'audit list']) {
    const { output } = await runToEnd('script', ['-qec', `stty cols 80; ${sluiceBinary} ${list}`, '/dev/null'],
      { env: { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN } });
    const widest = Math.max(...output.split('\n').map((line) => line.replace(/\r$/, '').length));
    assert.ok(widest > 40 && widest <= 80, `${list}: ${widest} columns\n${output}`);
  }

  await sluice.process.stop();
  await rm(path.join(sluice.dataDir, 'cursors', `${hook._id}.cursor`));
  await sluice.launch();
  const { status, output } = await commandLine(sluice.adminUri)('destination', 'status', 'web', 'production', hook._id);
  assert.equal(status, 0, output);
  const { notes } = (await sluice.api('GET', `destinations/web/production/${hook._id}/status`)).body;
  const told = output.replace(/\s+/g, ' ');
  assert.match(output, /Note \(cursor_lost\):/);
  for (const text of [notes[0].message, notes[0].remedy]) assert.ok(told.includes(text.replace(/\s+/g, ' ')), `${text}\n${output}`);
  const note = output.slice(output.indexOf('Note ')).split('\n');
  assert.ok(note.length > 2 && note.every((line) => line.length <= 80 || !/ /.test(line.trim())), output);
});

test('output that cannot be written is no success: it is said why, and the command ends with 1', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const run = commandLine(sluice.adminUri);
  await run('project', 'create', 'web');
  await run('environment', 'create', 'web', 'production', '--sdk-key', SDK_KEY);
  const event = { kind: 'custom', key: 'seen', creationDate: 1, context: { kind: 'user', key: 'u' } };
  await waitFor('the SDK key to be known', async () => (await sluice.post([event], { key: SDK_KEY })) === 202);
  await waitFor('the event', async () => (await run('tail', 'web', 'production', '--once')).output.includes('seen'));
  const relay = path.join(sluice.folder, 'ld-relay.conf'), checked = path.join(sluice.folder, 'checked.toml');
  await writeFile(relay, '[Environment "a"]\nsdkKey = sdk-a\n');
  await writeFile(checked, '');
  const env = { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN };
  const into = (target, words) => runToEnd('sh', ['-c', `exec ${sluiceBinary} ${words} > ${target}`], { env });
  const isRefused = async (words) => {
    const { status, output } = await into('/dev/full', words);
    assert.deepEqual([words, status], [words, 1], output);
    assert.match(output.replace(/\s+/g, ' '), /sluice: The output could not be written(: No space left on device)?\. It is not complete: check where it goes\./, words);
  };
  for (const words of ['export', 'export --json', 'environment list web', 'environment list web --json', 'audit list', 'backup', 'tail web production --once', 'completion bash',
    `relay import ${relay}`, `serve --config ${checked} --check-config`, '--help', '--version', 'export --help']) {
    await isRefused(words);
    const whole = await into('/dev/null', words);
    assert.deepEqual([words, whole.status], [words, 0], whole.output);
  }
  await isRefused('tail web production');  // it ends, too
});
