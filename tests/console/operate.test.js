// What people do with a server that runs: replay, dead letters, many flags at once, keys, usage, the audit log.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { customEvent, SDK_KEY } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { evaluation, makeDestination, makePlace, must, startBoth } from './lib/setting.js';

// A browser that is signed in, beside a server with one destination that has delivered what `events` are.
async function startAt(t, events = []) {
  const { kinesim, sluice } = await startBoth(t);
  await makePlace(sluice);
  const { _id } = await makeDestination(sluice);
  await waitFor('the SDK key to be known', async () => (await sluice.post([])) === 202);
  if (events.length > 0) assert.equal(await sluice.post(events), 202);
  const ui = await Console.open(t, sluice);
  await ui.signIn();
  return { kinesim, sluice, ui, page: ui.page, dialog: ui.page.getByRole('dialog'), id: _id, at: `destinations/web/production/${_id}` };
}

const records = async (kinesim) => (await kinesim.texts()).map((text) => JSON.parse(text).event);

test('replay: a range is delivered again, with progress, cancelled, and done', async (t) => {
  const { kinesim, sluice, ui, page, dialog, id } = await startAt(t, Array.from({ length: 30 }, (_, index) => customEvent(`e${index}`)));
  await waitFor('delivery', async () => (await records(kinesim)).length === 30);
  await ui.go(`/?edit=web/production/${id}`);
  await dialog.getByRole('tab', { name: 'Replay' }).click();
  await dialog.getByText('The journal starts').waitFor();

  await dialog.getByRole('textbox', { name: 'From' }).fill('2099-01-01T00:00');
  await dialog.getByRole('button', { name: 'Start replay' }).click();
  await dialog.getByRole('alert').filter({ hasText: /from/i }).waitFor();
  await dialog.getByRole('textbox', { name: 'From' }).fill('2020-01-01T00:00');
  await kinesim.addFaults({ kind: 'gone' });
  await dialog.getByRole('button', { name: 'Start replay' }).click();
  await dialog.getByText('Replaying: 0%').waitFor();
  await ui.assertAccessible('a replay that runs');
  assert.ok(await dialog.getByRole('button', { name: 'Start replay' }).isDisabled(), 'one at a time');
  await dialog.getByRole('button', { name: 'Cancel replay' }).click();
  await dialog.getByText('Replay cancelled.').waitFor();
  await kinesim.clearFaults();

  await dialog.getByRole('button', { name: 'Start replay' }).click();
  await dialog.getByText('Replay finished.').waitFor({ timeout: 60_000 });
  await dialog.getByText('30 delivered').waitFor();
  const ids = (await records(kinesim)).map((event) => event.id);
  assert.ok(ids.length >= 60);
  assert.equal(new Set(ids).size, 30, 'again, under the same ids');
  assert.equal((await sluice.destination('flags to the lake')).deliveredEvents, 30);
  ui.assertClean();
});

test('dead letters: seen with their reason, downloaded, and retried once the stream accepts them', async (t) => {
  const { kinesim, ui, page, id } = await startAt(t, [customEvent('too-large', { data: 'x'.repeat(1_100_000) }), customEvent('fits')]);
  await ui.go(`/destinations/web/production/${id}`);
  await page.getByText(/larger than stream flag-events accepts/).first().waitFor();
  await ui.assertAccessible('a destination with a dead letter');
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const file = await readFile(await (await downloading).path(), 'utf8');
  assert.equal(JSON.parse(file).record.event.key, 'too-large');

  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 event retried: 0 delivered, 1 kept.').waitFor();
  await kinesim.apply({ streams: [{ name: 'flag-events', shards: 2, max_record_kib: 10_240 }] });
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 event retried: 1 delivered, 0 kept.').waitFor();
  await page.getByText('None. Events that the destination can never accept').waitFor();
  assert.deepEqual((await records(kinesim)).map((event) => event.key).sort(), ['fits', 'too-large']);
  ui.assertClean();
});

test('cost: each encoding, for what arrives and for figures that are typed in, as the server computes it', async (t) => {
  const { sluice, ui, page, id } = await startAt(t, [customEvent('one')]);
  await ui.go(`/destinations/web/production/${id}`);
  const table = page.getByRole('region', { name: 'Cost by encoding, as a table' });
  await table.getByText('ndjson+zstd').waitFor();
  await ui.assertAccessible('the cost of a destination');
  const fill = (label, text) => page.getByRole('textbox', { name: label }).fill(text);
  await fill('Events a month', '100000000000');
  await fill('Peak, events/s', '');
  await fill('Bytes per event', '400');
  await page.getByRole('button', { name: 'Compute' }).click();
  const { items } = await must(sluice.api('GET', 'kinesis-cost?eventsPerMonth=100000000000&bytesPerEvent=400'));
  const shown = `$${Math.round(items[0].perMonthUsd).toLocaleString('en-US')}`;
  await table.getByRole('row', { name: 'json 1 143' }).getByText(shown).waitFor();
  await fill('Events a month', 'many');
  await page.getByRole('button', { name: 'Compute' }).click();
  await page.getByText('eventsPerMonth: "many" is not valid').waitFor();
  await page.getByRole('button', { name: 'As measured' }).click();
  await table.waitFor();
  ui.assertClean();
});

test('flags: many are switched at once; all flags, selected flags and new ones; and what is exported follows', async (t) => {
  const { kinesim, sluice, ui, page } = await startAt(t, ['checkout', 'dark-mode', 'search-v2'].map((key) => evaluation(key, 'anna')));
  await waitFor('delivery', async () => (await records(kinesim)).length === 3);
  const sent = async () => (await must(sluice.api('GET', 'flags/web?env=production'))).items.filter((flag) => flag.environments.production.trackEvents).map((flag) => flag.key);
  await ui.go('/flags/web/production');
  await page.getByLabel('Select checkout').check();
  await page.getByLabel('Select search-v2').check();
  await page.getByText('2 flags selected').waitFor();
  await ui.assertAccessible('two flags selected');
  await page.getByRole('button', { name: 'Do not send' }).click();
  await page.getByText('Detailed events of 2 flags switched off.').waitFor();
  assert.deepEqual(await sent(), ['dark-mode']);
  const radio = (name) => page.getByRole('radio', { name, exact: true });
  await waitFor('the selection to be per flag', () => radio('Selected flags').isChecked());

  await page.getByRole('textbox', { name: 'New flags' }).click();
  await page.getByRole('option', { name: 'start with detailed events off' }).click();
  await page.getByText('Flag selection saved.').waitFor();
  const flags = ['checkout', 'dark-mode', 'search-v2', 'brand-new'];
  await waitFor('the selection to be applied', async () => (await must(sluice.api('GET', 'projects/web/environments/production'))).defaultTrackEvents === false);
  assert.equal(await sluice.post(flags.map((key) => evaluation(key, 'bob'))), 202);
  await waitFor('what is exported to come', async () => (await records(kinesim)).some((event) => event.context.key === 'bob'));
  await waitFor('all to be delivered', async () => (await sluice.destination('flags to the lake')).backlog.events === 0);
  assert.deepEqual((await records(kinesim)).filter((event) => event.context.key === 'bob').map((event) => event.key), ['dark-mode']);

  await page.getByLabel('Send detailed events of brand-new to data export destinations').waitFor({ state: 'attached' });
  await radio('No flags').click();
  await waitFor('no flag to be sent but those of their own switch', async () => (await sent()).length === 0);
  await radio('All flags').click();
  await waitFor('all but those switched off', async () => (await sent()).join() === 'brand-new,dark-mode');
  await page.getByLabel('Search flags').fill('new');
  await page.getByText('1 flag with “new”').waitFor();
  await page.getByLabel('Search flags').fill('no such flag');
  await page.getByText('No results for “no such flag”').waitFor();
  ui.assertClean();
});

test('keys: shown on demand, reset immediately or with the old one still working for a while', async (t) => {
  const { sluice, ui, page, dialog } = await startAt(t);
  const environment = () => must(sluice.api('GET', 'projects/web/environments/production'));
  await ui.go('/environments/web/production');
  const keys = page.getByRole('region', { name: 'Keys' });
  await keys.getByText('sdk-••••0001').waitFor();
  assert.ok(!(await keys.innerText()).includes(SDK_KEY), 'not before it is asked for');
  await keys.getByRole('button', { name: 'Show the SDK key' }).click();
  await keys.getByText(SDK_KEY).waitFor();

  await keys.getByRole('button', { name: 'Reset the SDK key' }).click();
  await dialog.getByText('SDKs that use the old key are rejected immediately').waitFor();
  await dialog.getByRole('textbox', { name: 'The old key stops' }).click();
  await page.getByRole('option', { name: 'in a week' }).click();
  await dialog.getByText('Until then both keys work').waitFor();
  await ui.assertAccessible('a key is reset');
  await dialog.getByRole('button', { name: 'Reset the SDK key' }).click();
  await keys.getByText('stops in 7 days').waitFor();
  const { apiKey, expiringApiKeys: [old] } = await environment();
  assert.notEqual(apiKey, SDK_KEY);
  assert.equal(old.key, SDK_KEY);
  assert.ok(Math.abs(old.expiry - Date.now() - 7 * 86_400_000) < 120_000);
  await waitFor('the new key to work', async () => (await sluice.post([], { key: apiKey })) === 202);
  assert.equal(await sluice.post([], { key: SDK_KEY }), 202, 'and the old one still');

  const mobile = (await environment()).mobileKey;
  await keys.getByRole('button', { name: 'Reset the mobile key' }).click();
  await dialog.getByRole('button', { name: 'Reset the mobile key' }).click();
  await page.getByText('New mobile key created.').waitFor();
  assert.notEqual((await environment()).mobileKey, mobile);
  await waitFor('the old one to be refused', async () => (await sluice.post([], { key: mobile })) === 401);
  ui.assertClean();
});

test('usage by destination and kind; the audit log is searched, and goes back page by page', async (t) => {
  const { sluice, ui, page, id } = await startAt(t, [customEvent('bought'), evaluation('checkout', 'anna'), evaluation('dark-mode', 'anna')]);
  await waitFor('delivery', async () => (await sluice.destination('flags to the lake')).deliveredEvents === 3);
  const counted = async () => (await must(sluice.api('GET', 'usage/data-export-events'))).series.reduce((sum, point) => sum + (point[0] ?? 0), 0);
  await waitFor('usage to be counted', async () => (await counted()) === 3);
  await ui.go('/usage');
  const table = page.getByRole('region', { name: 'Usage, as a table' });
  await waitFor('three events', async () => /Events\s+3\s+100/.test(await table.innerText()));
  const by = async (group) => {
    await page.getByRole('textbox', { name: 'Group by' }).click();
    await page.getByRole('option', { name: group }).click();
  };
  await by('By destination');
  await table.getByText('flags to the lake').waitFor();
  await by('By event kind');
  await waitFor('kinds', async () => /feature\s+2\s+66\.7%\s+custom\s+1\s+33\.3%/.test(await table.innerText()));

  for (let turn = 0; turn < 45; ++turn) await must(sluice.api('PATCH', `destinations/web/production/${id}`, [{ op: 'replace', path: '/name', value: `name ${turn}` }]));
  await ui.go('/audit');
  const entries = page.locator('.entries details');
  await waitFor('the newest', async () => (await entries.count()) === 20);
  await entries.first().click();
  const changed = await page.getByRole('region', { name: 'Before and after' }).innerText();
  assert.match(changed, /− .*name 43/);
  assert.match(changed, /\+ .*name 44/);
  await ui.assertAccessible('an entry of the audit log');
  const older = page.getByRole('button', { name: 'Show older entries' });
  while (await older.isVisible()) {
    const before = await entries.count();
    await older.click();
    await waitFor('more, or the end', async () => (await entries.count()) > before || !(await older.isVisible()));
  }
  assert.equal(await entries.count(), 45 + 3, 'each change once, down to the project, the environment and the destination');
  await page.getByLabel('Search the audit log').fill('name 17');
  await waitFor('what was found', async () => (await entries.count()) > 0 && (await entries.count()) < 5);
  await page.getByLabel('Search the audit log').fill('nobody did this');
  await page.getByText('No results for “nobody did this”').waitFor();
  ui.assertClean();
});

test('a session ends with its token, and says so', async (t) => {
  const { sluice, ui, page } = await startAt(t);
  const { _id, token } = await must(sluice.api('POST', 'tokens', { name: 'for a day', role: 'writer' }));
  await ui.context.clearCookies();
  await ui.signIn(token);
  await page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  await must(sluice.api('DELETE', `tokens/${_id}`));
  await page.getByText('Your session has ended.').waitFor();
  await ui.assertAccessible('a session that ended');
  ui.assertClean();
});
