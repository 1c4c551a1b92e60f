// A configuration's faults are told all at once, each with its line; a bad one never replaces a running one.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd, temporaryFolder } from './lib/process.js';
import { configText, customEvent, destination, Sluice } from './lib/sluice.js';
import { Kinesim } from './lib/kinesim.js';
import { waitFor } from './lib/wait.js';

async function checkConfig(t, text) {
  const file = path.join(await temporaryFolder(t), 'sluice.toml');
  await writeFile(file, text);
  return runToEnd(sluiceBinary, ['serve', '--config', file, '--check-config'], { env: { PATH: process.env.PATH } });
}

test('a good configuration is told to be good', async (t) => {
  const { status, output } = await checkConfig(t, configText({ destinations: [destination({})] }));
  assert.equal(status, 0, output);
  assert.match(output, /1 project.*1 environment.*1 destination/);
});

test('all faults are told at once, each with line, what was expected, and an example', async (t) => {
  const { status, output } = await checkConfig(t, [
    '[intake]',
    'listen = "nowhere"', // 2
    'lisen = "127.0.0.1:8030"', // 3: unknown key
    '[journal]',
    'retention = "soon"', // 5
    '[[project]]',
    'key = "web"',
    '[[environment]]',
    'project = "shop"', // 9: no such project
    'key = "production"',
    '[[destination]]', // 11: no name, no stream
    'project = "web"',
    'environment = "production"',
    'region = "eu-west-1"',
    'external_id = 7', // 15: not text
    '',
  ].join('\n'));
  assert.equal(status, 2, output);
  for (const line of [2, 3, 5, 9, 15]) assert.match(output, new RegExp(`(line |:)${line}\\b`), `a fault at line ${line}: ${output}`);
  assert.match(output, /lisen/);
  assert.match(output, /expected/i);
  assert.match(output, /example|such as/i);
});

test('text that is no TOML is told with its line', async (t) => {
  const { status, output } = await checkConfig(t, '[intake]\nlisten = \n');
  assert.equal(status, 2, output);
  assert.match(output, /(line |:)2\b/);
});

test('SIGHUP takes a new destination up, and a bad file changes nothing', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 1, second: 1 } });
  const first = kinesim.destination();
  const second = kinesim.destination({ name: 'second', stream_name: 'second' });
  const sluice = await Sluice.start(t, { destinations: [first] });
  const delivered = async (name) => (await sluice.destination(name))?.deliveredEvents;

  assert.equal(await sluice.post([customEvent('before')]), 202);
  await waitFor('the first event', async () => (await delivered(first.name)) === 1);

  await sluice.writeConfig('[intake]\nlisten = \n');
  sluice.reload();
  await waitFor('the fault to be told', () => sluice.process.output.includes('config.kept'));
  assert.equal(await sluice.post([customEvent('with a bad file')]), 202);
  await waitFor('delivery to go on', async () => (await delivered(first.name)) === 2);

  await sluice.configure([first, second]);
  sluice.reload();
  await waitFor('the second destination', () => sluice.destination('second'));
  assert.equal(await sluice.post([customEvent('for both')]), 202);
  await waitFor('both', async () => (await delivered(first.name)) === 3 && (await delivered('second')) === 1);

  await sluice.configure([second]);
  sluice.reload();
  await waitFor('the first to be gone', async () => (await sluice.destination(first.name)) === undefined);
  assert.equal(await sluice.post([customEvent('for the second')]), 202);
  await waitFor('the second to go on', async () => (await delivered('second')) === 2);
});

test('a file that a setting names and that cannot be used is refused by the check and by the start alike', async (t) => {
  const folder = await temporaryFolder(t), file = path.join(folder, 'sluice.toml');
  for (const [setting, text] of [
    ['intake.tls_certificate', '[intake]\ntls_certificate = "/nope.pem"\ntls_key = "/nope.key"'],
    ['admin.tls_certificate', '[admin]\ntls_certificate = "/nope.pem"\ntls_key = "/nope.key"'],
    ['catalog.key_file', '[catalog]\nkey_file = "/nope"'],
    ['aws.ca_bundle', '[aws]\nca_bundle = "/nope"'],
    ['data_dir', `data_dir = "${file}"`],
  ]) {
    await writeFile(file, `${text}\n`);
    const serve = ['serve', '--config', file, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
    if (setting !== 'data_dir') serve.push('--data-dir', path.join(folder, 'data'));
    const checked = await runToEnd(sluiceBinary, [...serve, '--check-config'], { env: { PATH: process.env.PATH } });
    assert.equal(checked.status, 2, `${setting}: ${checked.output}`);
    assert.ok(checked.output.includes(`${setting}:`), checked.output);
    const started = await runToEnd(sluiceBinary, serve, { env: { PATH: process.env.PATH } });
    assert.equal(started.status, 1, `${setting}: ${started.output}`);
    assert.ok(started.output.includes(setting), started.output);
  }
});

test('a value with control characters is told whole, and none of them reaches the terminal', async (t) => {
  const { status, output } = await checkConfig(t, [
    '[[project]]', 'key = "a\\u0000b"', '[[project]]', 'key = "a\\u001b[31mb"', '["\\u0000x"]', 'y = 1', '[[destination]]', 'name = "n\\u0000x"', '',
  ].join('\n'));
  assert.equal(status, 2, output);
  for (const shown of ['project "a\\u0000b", key:', 'project "a\\u001b[31mb", key:', ', \\u0000x:', 'destination "n\\u0000x"', 'Unknown setting'])
    assert.ok(output.includes(shown), `${shown}\n${output}`);
  assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f\u007f]/);
});
