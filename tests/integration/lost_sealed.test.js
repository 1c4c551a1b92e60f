// The journal loses entries whose events an S3 destination had sealed in its spool: they are delivered and counted, and what comes later is not taken for them.
import assert from 'node:assert/strict';
import { cp, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { Bucket } from './lib/objects.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const BUCKET = 'flag-events';

// Between those of the destination in each payload.
const ofAnotherKind = (key) => ({ kind: 'index', creationDate: Date.now(), context: { kind: 'user', key } });

async function started(t) {
  const kinesim = await Kinesim.start(t, { streams: {} });
  await kinesim.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });
  const sluice = await Sluice.start(t, {
    destinations: [{ ...kinesim.destination(), kind: 's3', stream_name: undefined, bucket: BUCKET, roll_age: '1 s' }],
    settings: { journal: { segment_bytes: '64 KiB', max_bytes: '16 MiB' }, shutdown: { drain: '0 s' } },
  });
  const bucket = new Bucket(kinesim, BUCKET);
  const send = async (tag, count) => {
    const keys = Array.from({ length: count }, (_, n) => `${tag}${n}`);
    for (const key of keys) assert.equal(await sluice.post([customEvent(key, { data: 'x'.repeat(1_500) }), ofAnotherKind(key)]), 202);
    return keys;
  };
  const arrived = async () => (await bucket.events()).map(({ key }) => key).sort();
  const reachable = async (is) => assert.equal((await fetch(`${kinesim.uri}/_kinesim/${is ? 'resume' : 'pause'}`, { method: 'POST' })).status, 200);
  const delivered = (events) => waitFor(`${events} events to be delivered`, async () => {
    const found = await sluice.destination();
    return found.backlog.events === 0 && found.deliveredEvents >= events && found;
  }, { timeoutMs: 60_000 });
  const sealed = (count) => waitFor(`${count} events to be sealed`, async () => {
    const folder = path.join(sluice.dataDir, 'spool', (await readdir(path.join(sluice.dataDir, 'spool')))[0]);
    const manifests = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const events = await Promise.all(manifests.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')).events));
    return events.reduce((sum, each) => sum + each, 0) === count;
  }, { timeoutMs: 30_000 });
  return { sluice, send, arrived, reachable, delivered, sealed };
}

for (const [what, lose] of [
  ['an older copy of the journal is put back', async (journal, copy) => { await rm(journal, { recursive: true }); await cp(copy, journal, { recursive: true }); }],
  ['the journal is removed', (journal) => rm(journal, { recursive: true })],
])
  test(`${what} while sealed objects wait: they are delivered, and so is all that is acknowledged later`, async (t) => {
    const { sluice, send, arrived, reachable, delivered, sealed } = await started(t);
    const journal = path.join(sluice.dataDir, 'journal'), copy = path.join(sluice.folder, 'copy');
    const before = await send('before', 40);
    await delivered(before.length);
    await sluice.process.stop('SIGTERM');
    await cp(journal, copy, { recursive: true });
    await sluice.launch();
    await reachable(false);
    const lost = await send('lost', 40);
    await sealed(lost.length);
    await sluice.process.stop('SIGKILL');
    await lose(journal, copy);
    await reachable(true);
    await sluice.launch();
    const after = await send('after', 80);
    const all = [...before, ...lost, ...after].sort();
    await waitFor('all of them', async () => (await arrived()).length >= all.length, { timeoutMs: 60_000 });
    assert.deepEqual(await arrived(), all);
    const status = await delivered(all.length);
    assert.deepEqual([status.acceptedEvents, status.deliveredEvents, status.missingEvents], [all.length, all.length, 0]);
    const note = status.notes.find(({ code }) => code === 'journal_entries_lost');
    assert.match(note?.message ?? '', /40 events from behind that place had been written to disk/);
  });

test('a segment is lost whose events lie in sealed objects: none of them is told as missing', async (t) => {
  const { sluice, send, arrived, reachable, delivered, sealed } = await started(t);
  await reachable(false);
  const keys = await send('event', 300);
  await sealed(keys.length);
  await sluice.process.stop('SIGKILL');
  const folder = path.join(sluice.dataDir, 'journal/segments');
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort();
  assert.ok(segments.length >= 5, `${segments.length} segments`);
  await rm(path.join(folder, segments[2]));
  await reachable(true);
  await sluice.launch();
  const status = await delivered(keys.length);
  assert.deepEqual(await arrived(), [...keys].sort());
  assert.deepEqual([status.acceptedEvents, status.missingEvents], [keys.length, 0]);
  assert.equal(status.notes.find(({ code }) => code === 'journal_entries_lost'), undefined);
  await sluice.process.stop('SIGKILL');
  await sluice.launch();
  const { acceptedEvents, deliveredEvents } = await delivered(keys.length);
  assert.deepEqual([acceptedEvents, deliveredEvents], [keys.length, keys.length], 'counted once');
});
