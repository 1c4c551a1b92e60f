// What an operator can slip on: a start without the configuration, without the catalog, with cursors that are gone. Nothing that was
// accepted is lost by it, and what happened is told.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { sluiceBinary } from './lib/paths.js';
import { Process } from './lib/process.js';
import { Recorder, tee } from './lib/recorder.js';
import { ADMIN_TOKEN, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const WAITING = 1000;
const NO_STREAM = { stream_name: 'not-yet' };

// A server whose destination has 1,000 events waiting and a dead letter, stopped.
async function stoppedWithBacklog(t, kinesim) {
  const destinations = [kinesim.destination(NO_STREAM)];
  const sluice = await Sluice.start(t, { destinations });
  for (let i = 0; i < WAITING; i += 100)
    assert.equal(await sluice.post(Array.from({ length: 100 }, (_, n) => customEvent(`e${i + n}`))), 202);
  const { id } = await sluice.destination();
  await sluice.process.stop('SIGTERM');
  const letter = path.join(sluice.dataDir, 'dead-letters', `${id}.ndjson`);
  await mkdir(path.dirname(letter), { recursive: true });
  await writeFile(letter, '{"time":"2026-11-26T00:00:00.000Z","record":{}}\n', { mode: 0o600 });
  return { sluice, id, letter, destinations };
}

// From now on the stream exists: a server that starts need not wait for its next try.
const makeStream = (kinesim) => kinesim.apply({ streams: [{ name: 'not-yet', shards: 1 }] });

async function deliversAll(kinesim, sluice) {
  await waitFor('all of them', async () => (await sluice.destination()).deliveredEvents === WAITING, { timeoutMs: 30_000 });
  assert.equal(new Set((await kinesim.texts('not-yet')).map((text) => eventOf(text, 2).key)).size, WAITING);
}

// Runs the server on the data folder without its configuration file until it ends, or is ready.
async function startWithoutConfig(t, sluice, extra = []) {
  const server = new Process('sluice', sluiceBinary, ['serve', '--data-dir', sluice.dataDir, '--listen', '127.0.0.1:0',
    '--admin-listen', `127.0.0.1:${sluice.adminPort}`, ...extra], { env: { ...sluice.environment, SLUICE_ADMIN_TOKEN: ADMIN_TOKEN } });
  t.after(() => server.stop('SIGKILL'));
  await waitFor('it to start or end', () => server.output.includes('server.ready') || server.output.includes('server.not_started'));
  return server;
}

test('one start without --config loses nothing: it is refused, and told to, sets the destination aside until it is back', async (t) => {
  const kinesim = await Kinesim.start(t);
  const { sluice, id, letter } = await stoppedWithBacklog(t, kinesim);

  const refused = await startWithoutConfig(t, sluice);
  for (const part of [sluice.dataDir, '--config', '--accept-empty-catalog', 'sluice backup']) assert.ok(refused.output.includes(part), refused.output);

  const told = await startWithoutConfig(t, sluice, ['--accept-empty-catalog']);
  assert.ok(told.output.includes('destination.set_aside'), told.output);
  const { setAside } = await (await fetch(`${sluice.adminUri}/status`, { headers: { Authorization: ADMIN_TOKEN } })).json();
  assert.deepEqual(setAside.map(({ id: its, name }) => [its, name]), [[id, 'flag events']]);
  assert.ok(Date.parse(setAside[0].eventsKeptUntil) > Date.now());
  const metrics = await (await fetch(`${sluice.adminUri}/metrics`, { headers: { Authorization: ADMIN_TOKEN } })).text();
  assert.match(metrics, /^sluice_set_aside_destinations 1$/m);
  await told.stop('SIGTERM');
  assert.equal(existsSync(letter), false);
  assert.equal((await stat(path.join(sluice.dataDir, 'set-aside'))).mode & 0o077, 0);

  await makeStream(kinesim);
  await sluice.launch();
  assert.equal((await sluice.destination()).acceptedEvents, WAITING);
  assert.match(await readFile(letter, 'utf8'), /"record"/);
  assert.deepEqual((await sluice.status()).setAside, []);
  await deliversAll(kinesim, sluice);
});

test('a destination that a reload left out is set aside, and comes back with its backlog', async (t) => {
  const kinesim = await Kinesim.start(t);
  const { sluice, destinations } = await stoppedWithBacklog(t, kinesim);
  await sluice.launch();
  await sluice.configure([]);
  sluice.reload();
  await waitFor('it to be set aside', async () => (await sluice.status()).setAside.length === 1);
  await makeStream(kinesim);
  await sluice.configure(destinations);
  sluice.reload();
  await waitFor('it to be back', async () => (await sluice.status()).setAside.length === 0 && (await sluice.destination())?.acceptedEvents === WAITING);
  await deliversAll(kinesim, sluice);
});

test('a managed catalog that is gone, empty, or older than a destination deletes nothing', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.api('POST', 'projects', { name: 'P', key: 'p', environments: [{ name: 'E', key: 'e', color: 'ff00ff' }] });
  await sluice.process.stop('SIGTERM');
  const older = await readFile(path.join(sluice.dataDir, 'catalog.db'));
  await sluice.launch();
  const { body: made } = await sluice.api('POST', 'destinations/p/e', {
    kind: 'kinesis', on: true, config: { region: 'us-east-1', roleArn: 'arn:aws:iam::123456789012:role/x', streamName: 's' } });
  const cursor = path.join('cursors', `${made._id}.cursor`);
  await sluice.process.stop('SIGTERM');
  assert.ok(existsSync(path.join(sluice.dataDir, cursor)));
  const newest = await readFile(path.join(sluice.dataDir, 'catalog.db'));

  await rm(path.join(sluice.dataDir, 'catalog.db'));
  const gone = await startWithoutConfig(t, sluice);
  assert.ok(gone.output.includes('--accept-empty-catalog'), gone.output);
  assert.equal(existsSync(path.join(sluice.dataDir, 'catalog.db')), false);
  await writeFile(path.join(sluice.dataDir, 'catalog.db'), '', { mode: 0o600 });
  const empty = await startWithoutConfig(t, sluice);
  assert.ok(empty.output.includes('is an empty file'), empty.output);

  await writeFile(path.join(sluice.dataDir, 'catalog.db'), older, { mode: 0o600 });
  await sluice.launch();
  assert.deepEqual((await sluice.status()).setAside.map(({ id }) => id), [made._id]);
  assert.deepEqual((await sluice.api('GET', 'status')).body?.setAside?.map(({ id }) => id), [made._id]);
  await sluice.process.stop('SIGTERM');

  for (const end of ['-wal', '-shm']) await rm(path.join(sluice.dataDir, `catalog.db${end}`), { force: true });
  await writeFile(path.join(sluice.dataDir, 'catalog.db'), newest, { mode: 0o600 });
  await sluice.launch();
  assert.ok(existsSync(path.join(sluice.dataDir, cursor)));
  assert.deepEqual((await sluice.status()).setAside, []);

  // Deleted by its owner, all of it goes.
  assert.equal((await sluice.api('DELETE', `destinations/p/e/${made._id}`)).status, 204);
  await waitFor('its files to go', async () => {
    const left = await readdir(sluice.dataDir, { recursive: true });
    return !left.some((name) => name.includes(made._id));
  });
});

test('--config with a directory is an error', async (t) => {
  const sluice = await Sluice.start(t, {});
  await sluice.process.stop('SIGTERM');
  const server = new Process('sluice', sluiceBinary, ['serve', '--config', sluice.folder, '--data-dir', sluice.dataDir], { env: sluice.environment });
  t.after(() => server.stop('SIGKILL'));
  await waitFor('it to end', () => server.output.includes(sluice.folder));
  assert.match(server.output, /not a file that can be read/);
});

for (const [how, lose] of [
  ['deleted', (file) => rm(file)],
  ['zeroed', async (file) => writeFile(file, Buffer.alloc((await stat(file)).size))],
  ['truncated', (file) => truncate(file, 40)],
  ['damaged', async (file) => writeFile(file, Buffer.alloc((await stat(file)).size, 'x'))],
])
  test(`a cursor that is ${how} starts at the oldest entry and says so; others are not touched`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const { sluice, id, destinations } = await stoppedWithBacklog(t, kinesim);
    await lose(path.join(sluice.dataDir, 'cursors', `${id}.cursor`));
    // Beside it a truly new one, which starts now.
    await sluice.configure([...destinations, kinesim.destination({ name: 'new' })]);
    await makeStream(kinesim);
    await sluice.launch();
    const found = await sluice.destination();
    assert.equal(found.acceptedEvents, WAITING);
    const note = found.notes.find(({ code }) => code === 'cursor_lost');
    assert.ok(note?.message.includes(`${id}.cursor`) && note.remedy, JSON.stringify(found.notes));
    assert.ok(sluice.process.output.includes('export.cursor_lost'));
    const fresh = await sluice.destination('new');
    assert.equal(fresh.acceptedEvents, 0);
    assert.deepEqual(fresh.notes, []);
    await deliversAll(kinesim, sluice);
  });

test('a cursor that cannot be opened blocks its destination alone, and it resumes when the file is repaired', async (t) => {
  const kinesim = await Kinesim.start(t);
  const { sluice, id } = await stoppedWithBacklog(t, kinesim);
  const cursor = path.join(sluice.dataDir, 'cursors', `${id}.cursor`);
  const whole = await readFile(cursor);
  await rm(cursor);
  await mkdir(cursor);
  await sluice.configure([kinesim.destination(NO_STREAM), kinesim.destination({ name: 'other' })]);
  await sluice.launch();
  const blocked = await sluice.destination();
  assert.equal(blocked.state, 'blocked');
  assert.ok(blocked.problem.message.includes(cursor) && blocked.problem.remedy, JSON.stringify(blocked.problem));
  assert.equal(await sluice.post([customEvent('another')]), 202);
  await waitFor('the other one', async () => (await sluice.destination('other')).deliveredEvents === 1);
  await rm(cursor, { recursive: true });
  await writeFile(cursor, whole, { mode: 0o600 });
  await waitFor('it to be back', async () => (await sluice.destination()).backlog.events === WAITING + 1);
});

test('launchdarkly-events without its cursor says how many payloads wait at most and, off and on again, how many were not forwarded, until its owner acts', async (t) => {
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const found = () => sluice.destination('launchdarkly');
  const noteOf = async () => (await found()).notes.find(({ code }) => code === 'cursor_lost');
  for (let i = 0; i < 5; ++i) assert.equal(await sluice.post([customEvent(`e${i}`)]), 202);
  await waitFor('the payloads', async () => (await found()).deliveredEvents === 5);
  const { id } = await found();
  await sluice.process.stop('SIGTERM');
  await rm(path.join(sluice.dataDir, 'cursors', `${id}.cursor`));
  await sluice.launch();
  assert.equal(await sluice.post([customEvent('e5')]), 202);
  const blocked = await waitFor('what waits', async () => {
    const now = await found();
    return now.backlog.events === 6 && now;
  });
  assert.equal(blocked.state, 'blocked');
  assert.match(blocked.summary, /at most 6 payloads queued/);

  const become = async (on) => {
    await sluice.configure([tee(recorder, { on })]);
    sluice.reload();
    await waitFor('the reload', async () => ((await found()).state === 'off') === !on);
  };
  await become(false);
  await become(true);
  assert.match((await noteOf()).message, /at most 6\./);
  assert.equal(await sluice.post([customEvent('e6')]), 202);
  await waitFor('what came since', async () => (await found()).deliveredEvents === 1);
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  assert.match((await noteOf()).message, /at most 6\./);
  await become(false);
  assert.equal(await noteOf(), undefined);
});
