// What went wrong with files of the data directory is seen on the first page, not only in the log.
import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { customEvent } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { makeDestination, makePlace, startBoth } from './lib/setting.js';

test('a destination that the catalog lost, and entries that the disk lost, are shown with what to do', async (t) => {
  const { sluice } = await startBoth(t, { settings: { journal: { segment_bytes: '64 KiB', max_bytes: '16 MiB' } } });
  await makePlace(sluice);
  const { _id } = await makeDestination(sluice);
  await waitFor('the SDK key to be known', async () => (await sluice.post([])) === 202);
  for (let i = 0; i < 100; ++i) assert.equal(await sluice.post([customEvent(`e${i}`, { data: { pad: 'x'.repeat(5000) } })]), 202);
  const healthy = await Console.open(t, sluice);
  await healthy.signIn();
  await healthy.page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  assert.equal(await healthy.page.getByText('not in the catalog').count(), 0);
  assert.equal(await healthy.page.getByText('has lost').count(), 0);

  await sluice.process.stop('SIGTERM');
  for (const name of await readdir(sluice.dataDir)) if (name.startsWith('catalog.db') || name === 'sessions') await rm(path.join(sluice.dataDir, name));
  const folder = path.join(sluice.dataDir, 'journal/segments');
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort();
  assert.ok(segments.length > 3, `${segments.length} segments`);
  await rm(path.join(folder, segments[1]));
  // Flags that were seen cannot be saved: something else has the name that they are written under.
  await rm(path.join(sluice.dataDir, 'flags.ndjson'));
  await mkdir(path.join(sluice.dataDir, 'flags.ndjson.new'));
  sluice.extraArguments = ['--accept-empty-catalog'];
  await sluice.launch();

  const ui = await Console.open(t, sluice);
  await ui.signIn();
  const { setAside, journal } = await sluice.status();
  assert.deepEqual(setAside.map(({ id }) => id), [_id]);
  await ui.page.getByText(`The journal has lost ${journal.missingEntries} entries.`).waitFor();
  await ui.page.getByText('1 destination of this data directory is not in the catalog.').waitFor();
  await ui.page.getByText('Flags that SDKs evaluated since cannot be saved').waitFor();
  await ui.page.getByText('Free space on the disk of the data directory, or fix what the message names').waitFor();
  const line = ui.page.getByRole('list', { name: 'Destinations set aside' }).getByRole('listitem');
  assert.match(await line.textContent(), /flags to the lake.*Set aside.*keeps its events until/s);
  for (const look of [{}, { scheme: 'dark' }, { width: 390, height: 844 }]) {
    const looked = await Console.open(t, sluice, look);
    await looked.signIn();
    await looked.page.getByText('not in the catalog').waitFor();
    await looked.assertAccessible('losses');
    if (process.env.SLUICE_SCREENSHOTS) await looked.page.screenshot({ path: path.join(process.env.SLUICE_SCREENSHOTS, `losses-${look.scheme ?? look.width ?? 'light'}.png`) });
  }
  ui.assertClean();
});
