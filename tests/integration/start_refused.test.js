// A start that is refused because of a file names it, has the system's words and says what to do; and it changed nothing: once that is done, the
// server starts and has all that it had.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { sluiceBinary } from './lib/paths.js';
import { Process } from './lib/process.js';
import { customEvent, Sluice } from './lib/sluice.js';

const PAYLOADS = 3;
// A user that modes hold for: they do not for root.
const NOBODY = 65534;
const asRoot = process.getuid() === 0;
const asUser = asRoot ? ['setpriv', '--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'] : [];

// A server that has stored some payloads and was stopped; its files are the user's.
async function stored(t, { managed = false, env } = {}) {
  const sluice = await Sluice.start(t, { managed, env });
  if (!managed) for (let i = 0; i < PAYLOADS; ++i) assert.equal(await sluice.post([customEvent(`kept-${i}`)]), 202);
  assert.equal(await sluice.process.stop('SIGTERM'), 0);
  sluice.program = path.join(sluice.folder, 'sluice');
  await copyFile(sluiceBinary, sluice.program);
  await chmod(sluice.program, 0o755);
  giveToUser(sluice.folder);
  return sluice;
}

function giveToUser(folder) {
  if (asRoot) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
}

// What a start says that is refused.
async function refusal(sluice) {
  const [program, ...before] = [...asUser, sluice.program];
  const started = new Process('sluice', program, [...before, 'serve', '--config', sluice.configFile, '--data-dir', sluice.dataDir,
    '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'], { env: sluice.environment });
  assert.equal(await started.ended, 1, started.output);
  return /server\.not_started message="(.*)"/.exec(started.output.replaceAll('\\"', '\''))[1];
}

async function startsWithAll(sluice) {
  await sluice.launch();
  if (!sluice.managed) assert.equal((await sluice.metrics()).value('sluice_journal_missing_entries'), 0);
  await sluice.process.stop('SIGKILL');
}

const segment = async (dataDir) => {
  const folder = path.join(dataDir, 'journal/segments');
  return path.join(folder, (await readdir(folder)).find((name) => name.endsWith('.segment')));
};

const DENIED = [/Permission denied/, /Sluice runs as user id \d+.*`chown -R \d+:\d+ \S+ && chmod -R u=rwX,go= \S+`/];
const NO_FILE = [/Is a directory/, /Move it away/];

for (const { name, at, more = [], env } of [
  { name: 'the flags that were seen', at: () => 'flags.ndjson', more: [/start without them, move the file away \(`mv \S+flags\.ndjson \S+\.aside`\)/] },
  { name: 'the journal\'s lock', at: () => 'journal/lock' },
  { name: 'a segment', at: async (dataDir) => path.relative(dataDir, await segment(dataDir)), more: [/Nothing was changed/] },
  { name: 'the journal\'s extent', at: () => 'journal/extent' },
  { name: 'the secret of event ids', at: () => 'event-id-secret' },
  { name: 'the access token', at: () => 'admin-token', env: { SLUICE_ADMIN_TOKEN: '' } },
]) {
  test(`${name} that may not be opened, or is a directory: the start says what to do, and changed nothing`, async (t) => {
    const sluice = await stored(t, { env });
    const { dataDir } = sluice;
    const file = path.join(dataDir, await at(dataDir));
    const says = async (patterns) => {
      const message = await refusal(sluice);
      assert.ok(message.includes(file), message);
      for (const pattern of [...patterns, ...more]) assert.match(message, pattern);
      assert.doesNotMatch(message, /dd conv/, 'nothing is lost that zeros could stand for');
    };
    await chmod(file, 0o000);
    await says(DENIED);
    await chmod(file, 0o600);
    await rename(file, `${file}.kept`);
    await mkdir(file);
    giveToUser(file);
    await says(NO_FILE);
    await rmdir(file);
    await rename(`${file}.kept`, file);
    await startsWithAll(sluice);
  });
}

test('a data directory that another Sluice uses: the start names its process and says what to do', async (t) => {
  const sluice = await stored(t);
  const { dataDir } = sluice;
  await sluice.launch();
  const message = await refusal(sluice);
  assert.ok(message.includes(path.join(dataDir, 'journal/lock')), message);
  assert.match(message, new RegExp(`locked by another process \\(process id ${sluice.process.pid}\\).*Stop that process first, or .*--data-dir`));
});

test('folders that may not be used: the start says what to do', async (t) => {
  const sluice = await stored(t);
  const { dataDir } = sluice;
  for (const folder of ['journal/segments', 'journal']) {
    await chmod(path.join(dataDir, folder), 0o000);
    const message = await refusal(sluice);
    await chmod(path.join(dataDir, folder), 0o700);
    assert.ok(message.includes(path.join(dataDir, folder)), message);
    for (const pattern of DENIED) assert.match(message, pattern);
  }
  await startsWithAll(sluice);
  const closed = path.join(sluice.folder, 'closed');
  await mkdir(closed, { mode: 0o500 });
  giveToUser(closed);
  sluice.dataDir = path.join(closed, 'data');
  assert.match(await refusal(sluice), /data_dir: \S+closed cannot be used: Permission denied\. Choose another, or fix its permissions/);
});

test('a catalog that may not be opened: the start says what to do', async (t) => {
  const sluice = await stored(t, { managed: true });
  const catalog = path.join(sluice.dataDir, 'catalog.db');
  await chmod(catalog, 0o000);
  const message = await refusal(sluice);
  assert.ok(message.includes(catalog), message);
  assert.match(message, /Permission denied.*(Fix|Check).*permissions/);
  await chmod(catalog, 0o600);
  await startsWithAll(sluice);
});
