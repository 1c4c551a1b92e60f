// What an earlier Sluice left on disk is taken up by this one; what a later one left is refused, and stays as it is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { crc32c } from './lib/crc32c.js';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { repository } from './lib/paths.js';
import { temporaryFolder } from './lib/process.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const folder = path.join(repository, 'tests/fixtures/data-formats');
const formats = readdirSync(folder).filter((name) => name.endsWith('.tar.gz'));

async function unpacked(t, name) {
  const dataDir = path.join(await temporaryFolder(t), 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  execFileSync('tar', ['-C', dataDir, '-xzf', path.join(folder, name)]);
  return dataDir;
}

const settings = { journal: { segment_bytes: 1 << 16, max_bytes: 1 << 22, min_free_bytes: 0 } };

for (const name of formats) {
  test(`the data folder of ${name} is taken up: what waited is delivered, once, and nothing else`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], settings, dataDir: await unpacked(t, name) });
    await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0);
    const keys = (await kinesim.texts()).map((text) => eventOf(text, 2).key).sort();
    const waiting = Array.from({ length: 40 }, (_, i) => [`waiting-${i}`, `waiting-${i}-b`]).flat().sort();
    assert.deepEqual(keys, waiting);
    const { deliveredEvents, missingEvents } = await sluice.destination();
    assert.equal(deliveredEvents, 100, 'with those that the earlier one delivered');
    assert.equal(missingEvents, 0);
  });
}

test('the data folder of a later format is refused, and nothing in it is changed', async (t) => {
  const dataDir = await unpacked(t, formats.at(-1));
  const segments = path.join(dataDir, 'journal/segments');
  const file = path.join(segments, readdirSync(segments).filter((name) => name.endsWith('.segment')).sort().at(-1));
  const bytes = readFileSync(file);
  for (const at of [0, 2048]) {
    bytes.writeUInt32LE(99, at + 8);
    bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + 56)), at + 56);
  }
  writeFileSync(file, bytes);
  await assert.rejects(Sluice.start(t, { destinations: [], settings, dataDir }), /format version 99, and this Sluice .* knows version 1/);
  assert.deepEqual(readFileSync(file), bytes);
});
