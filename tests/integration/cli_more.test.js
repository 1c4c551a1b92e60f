// The command line beside the calls that are one row each: check, replay, tail, policies, a catalog that moves between a file and the server,
// the journal on disk, completion.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { documentedUri } from './lib/openapi.js';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { ADMIN_TOKEN, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000003c';

const catalogFile = (kinesim, { name = 'Web shop' } = {}) => `
[[project]]
key = "web"
name = "${name}"

[[environment]]
project = "web"
key = "production"
sdk_keys = ["${SDK_KEY}"]
feature_events = "chosen flags"

[[flag]]
project = "web"
environment = "production"
key = "checkout"
export = true
variation_names = ["off", "on"]

[[destination]]
name = "orders \\"stream\\""
project = "web"
environment = "production"
kind = "kinesis"
region = "us-east-1"
stream_name = "flag-events"
role_arn = "${ROLE}"
external_id = "${EXTERNAL_ID}"
endpoint = "${kinesim.uri}"
sts_endpoint = "${kinesim.uri}"
`;

async function imported(t) {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  const file = path.join(sluice.folder, 'catalog.toml');
  writeFileSync(file, catalogFile(kinesim));
  const server = await documentedUri(t, sluice.adminUri);
  const run = (...args) => runToEnd(sluiceBinary, args, { env: { PATH: process.env.PATH, SLUICE_SERVER: server, SLUICE_TOKEN: ADMIN_TOKEN } });
  const done = async (...args) => {
    const { status, output } = await run(...args);
    assert.equal(status, 0, `sluice ${args.join(' ')}: ${output}`);
    return output;
  };
  assert.equal(await done('import', file), `Imported ${file}: 4 created, 0 changed, 0 unchanged.\n`);
  const { body: { items: [{ _id: id }] } } = await sluice.api('GET', 'destinations');
  await waitFor('the SDK key to be known', async () => (await sluice.post([], { key: SDK_KEY })) === 202);
  return { kinesim, sluice, file, run, done, id, at: ['web', 'production', id] };
}

test('a catalog moves from a file into the server and back; what is imported twice changes nothing', async (t) => {
  const { kinesim, sluice, file, run, done } = await imported(t);
  assert.match(await done('import', file), /0 created, 0 changed, 4 unchanged/);
  writeFileSync(file, catalogFile(kinesim, { name: 'Renamed' }));
  assert.match(await done('import', file), /0 created, 1 changed, 3 unchanged/);
  const text = await done('export');
  assert.match(text, /\[\[project\]\]\nid = "[0-9a-f]{24}"\nkey = "web"\nname = "Renamed"/);
  const copy = path.join(sluice.folder, 'copy.toml');
  await done('export', '--output', copy);
  assert.equal(readFileSync(copy, 'utf8'), text);
  assert.equal(statSync(copy).mode & 0o777, 0o600, 'it holds keys');

  // A second server, empty, takes the export up whole; and a server that is started with the file has the same ids.
  const second = await Sluice.start(t, { managed: true });
  const into = (...args) => runToEnd(sluiceBinary, args, { env: { PATH: process.env.PATH, SLUICE_SERVER: second.adminUri, SLUICE_TOKEN: ADMIN_TOKEN } });
  assert.equal((await into('import', copy)).status, 0);
  assert.equal((await into('export')).output, text);

  // One fault, and nothing of it is taken up.
  writeFileSync(file, `${catalogFile(kinesim, { name: 'Again' })}\n[[destination]]\nname = "bad"\nproject = "web"\nenvironment = "production"\nregion = "mars"\n`);
  const refused = await run('import', file);
  assert.equal(refused.status, 1);
  assert.match(refused.output, /stream_?[nN]ame/);
  assert.match(await done('export'), /name = "Renamed"/);
  writeFileSync(file, '[[project]\n');
  const noToml = await run('import', file);
  assert.deepEqual([noToml.status, /catalog\.toml, line 1.*not valid TOML/s.test(noToml.output)], [2, true], noToml.output);

  const backup = await done('backup');
  const kept = readdirSync(`${sluice.folder}/data/backups`);
  assert.equal(kept.length, 1);
  assert.ok(backup.includes(kept[0]));
  assert.equal(readFileSync(`${sluice.folder}/data/backups/${kept[0]}`).subarray(0, 15).toString(), 'SQLite format 3');
});

test('check, test, tail, replay, dead letters and policies from a shell', async (t) => {
  const { sluice, done, run, at, id } = await imported(t);
  const checked = await done('destination', 'check', ...at);
  assert.match(checked, /^ok +Sluice's AWS identity\n {10}Sluice runs as /);
  assert.match(checked, /The destination works\.\n$/);
  for (const line of checked.split('\n')) assert.ok(line.length <= 80 || !line.includes(' '.repeat(10)) || /\S{60}/.test(line), line);
  assert.match(await done('destination', 'test', ...at), /to shardId-\d+, sequence number \d+/);
  await done('destination', 'update', ...at, '--external-id', 'wrong');
  const failed = await run('destination', 'check', ...at);
  assert.equal(failed.status, 1);
  assert.match(failed.output, /failed +Assume the role[\s\S]*"sts:ExternalId": "wrong"[\s\S]*does not work yet/);
  await done('destination', 'update', ...at, '--external-id', EXTERNAL_ID);

  const from = new Date(Date.now() - 1000).toISOString();
  assert.equal(await sluice.post([customEvent('one'), customEvent('two')], { key: SDK_KEY }), 202);
  await waitFor('the delivery', async () => (await sluice.api('GET', `destinations/${at.join('/')}/status`)).body.deliveredEvents >= 2);
  assert.match(await done('tail', 'web', 'production', '--once'), /^\d{4}-\S+Z +custom +one +\{.*\n\d{4}-\S+Z +custom +two/);
  const records = (await waitFor('the cursor', async () => {
    const lines = (await done('tail', 'web', 'production', '--once', '--json', '--destination', id)).trim().split('\n');
    return lines.length === 2 && lines;
  })).map((line) => JSON.parse(line));
  assert.deepEqual(records.map(({ event }) => event.key), ['one', 'two']);
  assert.match(await done('destination', 'replay', ...at, '--from', from), /The replay is done: 2 events delivered\./);
  assert.match((await run('destination', 'replay', ...at, '--from', 'noon')).output, /from: "noon" is not a time/);
  assert.equal(await done('destination', 'dead-letters', ...at), 'None.\n');
  const policies = await done('policy', 'web', 'production', '--region', 'eu-west-1', '--stream', 'flags', '--role-arn', ROLE, '--external-id', 'x-1');
  assert.match(policies, /arn:aws:kinesis:eu-west-1:123456789012:stream\/flags[\s\S]*"sts:ExternalId": "x-1"/);
});

test('the journal on disk is verified, counted and dumped without a server; damage is told', async (t) => {
  const { sluice, run, done } = await imported(t);
  for (let i = 0; i < 5; ++i) assert.equal(await sluice.post([customEvent(`e${i}`), customEvent(`f${i}`)], { key: SDK_KEY }), 202);
  const data = ['--data-dir', path.join(sluice.folder, 'data')];
  assert.match(await done('journal', 'verify', ...data), /^The journal is intact: 5 entries in 1 segments?/);
  await sluice.process.stop('SIGTERM');
  const stats = JSON.parse(await done('journal', 'stats', ...data, '--json'));
  assert.deepEqual([stats.entries, stats.environments[0].events], [5, { custom: 10 }]);
  assert.match(await done('journal', 'stats', ...data), /ENVIRONMENT +ENTRIES +BYTES +EVENTS\n[0-9a-f]{24} +5 +.*10 custom/);
  const lines = (await done('journal', 'dump', ...data)).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ record }) => record.event.key), [0, 1, 2, 3, 4].flatMap((i) => [`e${i}`, `f${i}`]));

  const folder = `${data[1]}/journal/segments`;
  const [name] = readdirSync(folder).filter((one) => one.endsWith('.segment'));
  const bytes = readFileSync(`${folder}/${name}`);
  bytes[bytes.indexOf('"key":"e2"') + 8] ^= 1;
  writeFileSync(`${folder}/${name}`, bytes);
  const damaged = await run('journal', 'verify', ...data);
  assert.equal(damaged.status, 1);
  assert.match(damaged.output, /damaged in 1 places?.*4 others are intact/s);
  assert.equal((await run('journal', 'stats', '--data-dir', '/nowhere')).status, 2);
});

test('completion knows every subcommand, and bash takes it', async (t) => {
  const { done } = await imported(t);
  const script = await done('completion', 'bash');
  const complete = (...words) => execFileSync('bash', ['-c', `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _sluice; echo "\${COMPREPLY[*]}"`], { encoding: 'utf8' }).trim();
  assert.match(complete('sluice', 'dest'), /^destination$/);
  assert.match(complete('sluice', 'destination', 'che'), /^check$/);
  assert.match(complete('sluice', 'destination', 'create', 'kinesis', '--reg'), /^--region$/);
  assert.match(await done('completion', 'zsh'), /bashcompinit/);
  assert.match(await done('completion', 'fish'), /__fish_seen_subcommand_from destination/);
});
