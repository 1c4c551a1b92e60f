// What a stranger with a public client-side id does with the content of payloads, against the built server: the victim,
// an SDK of the same environment, is answered fast and loses nothing, and memory and disk stay bounded.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { Kinesim } from '../integration/lib/kinesim.js';
import { configText, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { packed, Stranger, Victim } from './lib/content.js';

const MOST_MIB = 400, MOST_P99_MS = 50;
// Where a machine that is busy with other things answers slower than that by itself, so many times its own pace.
const MOST_TIMES_CALM = 4;
const CALM_EVENTS = 300;
const CLIENT_SHARE_BYTES = 64 << 20; // of dead letters (export/limits.h)

async function stage(t, fields = {}) {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination(fields)] });
  const calm = new Victim(sluice);
  await waitFor('events of a calm time', async () => (await sluice.destination()).deliveredEvents >= CALM_EVENTS, { timeoutMs: 60_000 });
  await calm.stop();
  return { kinesim, sluice, stranger: new Stranger(sluice), calmP99Ms: calm.p99Ms };
}

function answersFast({ calmP99Ms }, victim) {
  const most = Math.max(MOST_P99_MS, MOST_TIMES_CALM * calmP99Ms);
  assert.ok(victim.p99Ms <= most, `${victim.p99Ms} ms at the 99th percentile, at most ${most}`);
}

async function holds(t, { kinesim, sluice, stranger, calmP99Ms }, victim) {
  await victim.stop();
  t.diagnostic(`p99 ${victim.p99Ms.toFixed(1)} ms (calm ${calmP99Ms.toFixed(1)} ms) of ${victim.latenciesMs.length}, peak ${victim.peakMiB.toFixed(0)} MiB, stranger ${JSON.stringify([...stranger.statuses])}`);
  assert.deepEqual(victim.refused, [], 'the victim is never refused');
  await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000 });
  assert.equal(await victim.lost(kinesim), 0);
  assert.ok(victim.peakMiB <= MOST_MIB, `${victim.peakMiB} MiB resident`);
}

test('events that no stream takes fill a small share, and the destination delivers all the time', async (t) => {
  const all = await stage(t);
  const event = { kind: 'custom', key: 'large', creationDate: 1, contextKeys: { user: 'u' }, data: 'x'.repeat(1.1 * (1 << 20)) };
  const body = packed(JSON.stringify(Array(50).fill(event)));
  const victim = new Victim(all.sluice);
  for (let i = 0; i < 24; i++) {
    await waitFor('the payload to be taken', async () => (await all.stranger.send(body)) === 202);
    const destination = await all.sluice.destination();
    assert.notEqual(destination.state, 'blocked', JSON.stringify(destination.problem));
  }
  await holds(t, all, victim);
  const destination = await all.sluice.destination();
  assert.equal(destination.deadLetteredEvents, 24 * 50);
  assert.ok(destination.deadLettersRotatedOut > 1000, `${destination.deadLettersRotatedOut} rotated out`);
  const folder = path.join(all.sluice.dataDir, 'dead-letters');
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(path.join(folder, name))).size;
  assert.ok(bytes <= CLIENT_SHARE_BYTES, `${bytes} bytes of dead letters`);
  const metrics = await all.sluice.metrics();
  assert.ok(metrics.value('sluice_destination_dead_letters_rotated_out_total', { credential: 'client_side_id' }) > 1000);
  assert.match(all.sluice.process.output, /export\.dead_letters_rotated/);
  answersFast(all, victim);
});

test('an event larger than any destination takes is told at intake, and its neighbours are delivered', async (t) => {
  const all = await stage(t);
  const large = { kind: 'custom', key: 'huge', creationDate: 1, data: 'x'.repeat(11 << 20) };
  const good = { kind: 'custom', key: 'victim-0', creationDate: 1, contextKeys: { user: 'u' } };
  const victim = new Victim(all.sluice);
  assert.equal(await all.stranger.send(packed(JSON.stringify([good, large, good]))), 202);
  await waitFor('events beside it', async () => (await all.sluice.destination()).deliveredEvents >= 2 * CALM_EVENTS, { timeoutMs: 60_000 });
  await holds(t, all, victim);
  assert.equal((await all.sluice.destination()).deadLetteredEvents, 0);
  assert.equal((await all.sluice.metrics()).value('sluice_events_unusable_total', { reason: 'too_large' }), 1);
  answersFast(all, victim);
});

test('an array of 33 million numbers is refused before it costs memory or time', async (t) => {
  const all = await stage(t);
  const body = packed(`[${'1,'.repeat(33_000_000)}1]`);
  const victim = new Victim(all.sluice);
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 4 }, () => all.stranger.send(body)));
  for (const status of all.stranger.statuses.keys()) assert.ok([400, 503].includes(status), `${status}`);
  assert.ok(all.stranger.statuses.get(400) > 0);
  await holds(t, all, victim);
  answersFast(all, victim);
});

test('50,000 invented flags of many variations take a small share of memory and disk', async (t) => {
  const all = await stage(t, { kinds: ['custom'] });
  const flood = (variation) => packed(JSON.stringify(Array.from({ length: 10_000 }, (_, i) => ({
    kind: 'feature', key: `f${(variation % 5) * 10_000 + i}`, creationDate: 1, variation, value: 'v'.repeat(250), contextKeys: { user: 'u' },
  }))));
  const victim = new Victim(all.sluice);
  for (let variation = 0; variation < 64; variation++) {
    const body = flood(variation);
    await waitFor('the payload to be taken', async () => (await all.stranger.send(body)) === 202);
  }
  await holds(t, all, victim);
  const { flags } = await all.sluice.status();
  assert.ok(flags.client_side_id.bytes <= flags.client_side_id.limitBytes, JSON.stringify(flags));
  assert.ok(flags.client_side_id.evicted > 1000, JSON.stringify(flags));
  assert.equal(flags.sdk_key.evicted, 0);
  await all.sluice.process.stop();
  assert.ok((await stat(path.join(all.sluice.dataDir, 'flags.ndjson'))).size < 16 << 20);
  const started = Date.now();
  await all.sluice.launch();
  t.diagnostic(`ready after ${Date.now() - started} ms`);
  assert.ok(Date.now() - started < 10_000);
  answersFast(all, victim);
});

test('a flag that its owner switches on after the flood is exported', async (t) => {
  const { kinesim, sluice, stranger } = await stage(t);
  const choose = async (flags) => {
    const text = configText({ destinations: [kinesim.destination()] })
      .replace('[[environment]]', '[[environment]]\nfeature_events = "chosen flags"\nexport_new_flags = false');
    await sluice.writeConfig(`${text}\n${flags.map((key) => `[[flag]]\nproject = "test"\nenvironment = "production"\nkey = "${key}"\nexport = true\n`).join('\n')}`);
    sluice.reload();
  };
  const feature = (key) => ({ kind: 'feature', key, creationDate: Date.now(), variation: 0, value: true, contextKeys: { user: 'u' } });
  await choose([]);
  // Another flag each time: one that was seen before the mode was in force stays exported.
  let probes = 0;
  await waitFor('the mode to be in force', async () => {
    await sluice.post([feature(`probe-${++probes}`)]);
    return (await sluice.metrics()).value('sluice_events_not_exported_total') > 0;
  });
  for (let part = 0; part < 6; part++) {
    const flags = Array.from({ length: 10_000 }, (_, i) => feature(`f${part * 10_000 + i}`));
    assert.equal(await stranger.send(packed(JSON.stringify(flags))), 202);
  }
  await choose(['checkout']);
  const checkout = Array.from({ length: 100 }, () => feature('checkout'));
  await waitFor('the choice to be in force', async () => {
    const before = (await sluice.destination()).acceptedEvents;
    await sluice.post([feature('checkout')]);
    return (await sluice.destination()).acceptedEvents > before;
  });
  const before = (await sluice.destination()).acceptedEvents;
  assert.equal(await sluice.post(checkout), 202);
  assert.equal(await stranger.send(packed(JSON.stringify(checkout))), 202);
  assert.equal((await sluice.destination()).acceptedEvents - before, 200);
});
