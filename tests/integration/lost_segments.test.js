// Segments of the journal that are removed or cut, and a journal that is full: told with how many, never in silence.
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { WebhookReceiver } from './lib/webhook_receiver.js';

const PAYLOADS = 100;
const PER_PAYLOAD = 10;
const SMALL_SEGMENTS = { journal: { segment_bytes: '64 KiB', max_bytes: '16 MiB' } };

async function stoppedWithSegments(t) {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { settings: SMALL_SEGMENTS, destinations: [kinesim.destination({ stream_name: 'not-yet' })] });
  for (let i = 0; i < PAYLOADS; ++i)
    assert.equal(await sluice.post(Array.from({ length: PER_PAYLOAD }, (_, n) => customEvent(`e${i}-${n}`, { data: { pad: 'x'.repeat(500) } }))), 202);
  await sluice.process.stop('SIGTERM');
  await kinesim.apply({ streams: [{ name: 'not-yet', shards: 1 }] });
  const folder = path.join(sluice.dataDir, 'journal/segments');
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort().map((name) => path.join(folder, name));
  assert.ok(segments.length >= 5, `${segments.length} segments`);
  return { kinesim, sluice, segments };
}

for (const [which, lose] of [
  ['the first segment is removed', (segments) => rm(segments[0])],
  ['one in the middle is removed', (segments) => rm(segments[2])],
  ['one in the middle is cut', (segments) => truncate(segments[2], 20_000)],
  ['the last one is cut', (segments) => truncate(segments.at(-1), 8_000)],
  ['the last one is removed', (segments) => rm(segments.at(-1))],
])
  test(`${which}: the rest is delivered, and what is gone is told with its number`, async (t) => {
    const { kinesim, sluice, segments } = await stoppedWithSegments(t);
    await lose(segments);
    await sluice.launch();
    const { journal } = await sluice.status();
    assert.ok(journal.missingEntries > 0 && journal.missingEntries < PAYLOADS / 2, JSON.stringify(journal));
    const told = (await sluice.metrics()).samples.find(({ name }) => name === 'sluice_journal_missing_entries');
    assert.equal(told.value, journal.missingEntries);
    assert.match(sluice.process.output, /journal\.(entries_missing|damaged)/);
    const rest = await waitFor('the rest', async () => {
      const found = await sluice.destination();
      return found.backlog.events === 0 && found.deliveredEvents > 0 && found;
    }, { timeoutMs: 30_000 });
    const { length } = await kinesim.texts('not-yet');
    assert.equal(rest.deliveredEvents, length);
    const lost = PAYLOADS * PER_PAYLOAD - length;
    // The entry that a cut divides is found when it is read.
    const { missingEntries } = (await sluice.status()).journal;
    assert.ok(lost > 0 && lost <= missingEntries * PER_PAYLOAD, `${lost} lost, ${missingEntries} entries are told missing`);
    // Of a sealed segment it is known which destination misses how many.
    if (!which.includes('last')) assert.equal(rest.missingEvents, lost);
  });

// What the log and the note advise: the files come back, and a replay delivers them.
test('segments that are moved away: the destination says how many entries are gone at most, until its owner acts; put back, they are replayed', async (t) => {
  const receiver = await WebhookReceiver.start(t, () => ({ status: 500 }));
  receiver.managed = true;
  const sluice = await Sluice.start(t, { managed: true, settings: { ...SMALL_SEGMENTS, shutdown: { drain: '0 s' } } });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  const { body: { apiKey: key } } = await sluice.api('GET', 'projects/web/environments/production');
  const { body: { _id: id } } = await sluice.api('POST', 'destinations/web/production', { kind: 'webhook', on: true, config: { url: receiver.uri } });
  const keys = Array.from({ length: 60 }, (_, n) => `e${n}`);
  for (const each of keys) assert.equal(await sluice.post([customEvent(each, { data: 'x'.repeat(4_000) })], { key }), 202);
  await sluice.process.stop('SIGTERM');
  const folder = path.join(sluice.dataDir, 'journal/segments'), away = path.join(sluice.folder, 'away');
  await rename(folder, away);
  await sluice.launch();
  const noteOf = async () => (await sluice.status()).destinations[0].notes.find(({ code }) => code === 'journal_entries_lost');
  const note = await noteOf();
  assert.match(note.message, /at most \d+ entries/);
  assert.match(sluice.process.output, /export\.journal_entries_lost/);
  await sluice.process.stop('SIGTERM');
  for (const name of await readdir(away)) await rename(path.join(away, name), path.join(folder, name));
  receiver.answer = () => ({ status: 204 });
  await sluice.launch();
  assert.equal((await noteOf()).message, note.message);
  const begun = await sluice.api('POST', `destinations/web/production/${id}/replay`, { from: new Date(Date.now() - 3_600_000).toISOString() });
  assert.equal(begun.status, 201, JSON.stringify(begun));
  await waitFor('all of them', () => new Set(receiver.events.map((event) => event.key)).size === keys.length, { timeoutMs: 30_000 });
});

test('a journal that is gone is told of every destination that stood in it', async (t) => {
  const { sluice } = await stoppedWithSegments(t);
  await rm(path.join(sluice.dataDir, 'journal'), { recursive: true });
  await sluice.launch();
  const { notes } = await sluice.destination();
  assert.match(notes.find(({ code }) => code === 'journal_entries_lost').message, /How many events that is, is not known/);
  assert.match(sluice.process.output, /error.*export\.journal_entries_lost/);
});

test('a journal that is gone with the cursors is not told as nothing lost', async (t) => {
  const recorder = await Recorder.start(t), receiver = await WebhookReceiver.start(t, () => ({ status: 500 }));
  recorder.answer = () => 503;
  const sluice = await Sluice.start(t, { destinations: [receiver.destination({ name: 'hook' }), tee(recorder)] });
  for (let i = 0; i < 20; ++i) assert.equal(await sluice.post([customEvent(`e${i}`)]), 202);
  await sluice.process.stop('SIGKILL');
  for (const folder of ['journal', 'cursors']) await rm(path.join(sluice.dataDir, folder), { recursive: true });
  await sluice.launch();
  for (const { name, state, summary, notes } of (await sluice.status()).destinations) {
    assert.match(notes.find(({ code }) => code === 'journal_entries_lost')?.message ?? '', /cannot be counted/, name);
    if (state === 'blocked') assert.match(summary, /Nothing more is lost: at most 0 payloads queued/);
  }
});

// Its own record of its extent agrees with it, and every cursor stands at its end.
test('an older copy of the journal that is put back is told, also where the cursors stand at its end', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  const sluice = await Sluice.start(t, { destinations: [receiver.destination({ name: 'hook' })] });
  for (let i = 0; i < 5; ++i) assert.equal(await sluice.post([customEvent(`a${i}`)]), 202);
  await waitFor('all of them', async () => (await sluice.destination('hook')).deliveredEvents === 5);
  await sluice.process.stop('SIGTERM');
  const journal = path.join(sluice.dataDir, 'journal'), older = path.join(sluice.folder, 'older');
  await cp(journal, older, { recursive: true });
  receiver.answer = () => ({ status: 500 });
  await sluice.launch();
  const reached = path.join(sluice.dataDir, 'journal-end');
  const before = await readFile(reached, 'utf8');
  for (let i = 0; i < 20; ++i) assert.equal(await sluice.post([customEvent(`b${i}`)]), 202);
  await waitFor('what it reached to be noted', async () => await readFile(reached, 'utf8') !== before);
  await sluice.process.stop('SIGKILL');
  await rm(journal, { recursive: true });
  await cp(older, journal, { recursive: true });
  await sluice.launch();
  const noteOf = async () => (await sluice.destination('hook')).notes.find(({ code }) => code === 'journal_entries_lost');
  assert.match((await noteOf())?.message ?? '', /How many events that is, is not known/);
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  assert.ok(await noteOf(), 'until its owner acts');
});

for (const [what, lose] of [['removed', (file) => rm(file)], ['cut', (file) => truncate(file, 5000)]])
  test(`a segment that is ${what} while Sluice writes to it ends Sluice within 10 s, and the next start tells what is missing`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination({ stream_name: 'not-yet' })] });
    for (let i = 0; i < 20; ++i) assert.equal(await sluice.post([customEvent(`e${i}`, { data: { pad: 'x'.repeat(500) } })]), 202);
    const folder = path.join(sluice.dataDir, 'journal/segments');
    const [segment] = (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort();
    // By then the journal has noted how far it got (every 5 s), which is how the next start knows.
    await waitFor('the extent to be noted', async () => (await readdir(path.join(sluice.dataDir, 'journal'))).includes('extent'), { timeoutMs: 10_000 });
    await lose(path.join(folder, segment));
    assert.equal(await sluice.process.ended, 74);
    assert.match(sluice.process.output, /while Sluice writes to it/);
    await sluice.launch();
    assert.ok((await sluice.status()).journal.missingEntries > 0);
    assert.match(sluice.process.output, /journal\.(entries_missing|damaged)/);
  });

test('a journal in which no payload fits any more is not ready, and says why', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, {
    settings: { journal: { segment_bytes: '64 KiB', max_bytes: '1 MiB' } }, destinations: [kinesim.destination({ stream_name: 'not-yet' })],
  });
  const payload = () => sluice.post([customEvent('large', { data: { pad: 'x'.repeat(25_000) } })]);
  for (let i = 0; i < 100 && (await payload()) === 202; ++i);
  await waitFor('it to be not ready', async () => {
    assert.equal(await payload(), 503);
    const ready = await fetch(`${sluice.uri}/readyz`);
    return ready.status === 503 && /journal is full/.test((await ready.json()).reason);
  });
});
