// What must hold on every page and when things go wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { repository } from '../integration/lib/paths.js';
import { Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { Console, launchBrowser } from './lib/browser.js';
import { everyPage, startFull } from './lib/full_setting.js';
import { counters, evaluation, makeDestination, makePlace, must, startBoth } from './lib/setting.js';

test('every page is accessible, loads nothing from elsewhere and keeps its policy; light, dark and narrow', async (t) => {
  const setting = await startFull(t);
  const browser = await launchBrowser(t);
  const looks = [{ scheme: 'light' }, { scheme: 'dark' }, { scheme: 'light', width: 390, height: 844 }];
  for (const look of looks) {
    const name = look.width ? 'narrow' : look.scheme;
    const ui = await Console.open(t, setting.sluice, { browser, ...look });
    await ui.go();
    await ui.page.getByLabel('Access token').waitFor();
    await ui.assertAccessible(`sign in, ${name}`);
    await ui.signIn();
    for (const [what, { page: address, ready }] of Object.entries(everyPage(setting))) {
      await t.test(`${what}, ${name}`, async () => {
        await setting.send(1);
        await ui.go(address);
        await ready(ui.page);
        await ui.assertAccessible(`${what}, ${name}`);
        const wide = await ui.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${what}, ${name} is ${wide} px too wide`);
      });
    }
    ui.assertClean();
  }
});

test('a reader sees everything, and no control that fails', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  const destination = await makeDestination(sluice);
  const { token } = await must(sluice.api('POST', 'tokens', { name: 'dashboard', role: 'reader' }));
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn(token);
  await page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Add integration' }).count(), 0);
  assert.equal(await page.getByRole('switch').count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Edit/ }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Access tokens' }).count(), 0);
  // Not by address either.
  await ui.go(`/?edit=web/production/${destination._id}`);
  await page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await ui.go(`/destinations/web/production/${destination._id}`);
  await page.getByRole('heading', { name: 'History' }).waitFor();
  for (const name of ['Send event', 'Check again', 'Edit']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  await ui.go('/environments/web/production');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  for (const name of [/Reset/, /Delete/, /Rename/]) assert.equal(await page.getByRole('button', { name }).count(), 0, String(name));
  await ui.go('/tokens');
  await page.getByText('Only admins can manage tokens').waitFor();
  ui.assertClean();
});

test('a wrong token is reported in words; a session that ends keeps what was typed', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.go();
  await page.getByLabel('Access token').fill('api-wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Unknown access token.').waitFor();
  await ui.signIn();
  await page.getByRole('button', { name: 'Add integration: Amazon Kinesis' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Stream name or ARN').fill('half-typed');
  await ui.context.clearCookies();
  await page.getByText('Your session has ended.').waitFor();
  await page.getByLabel('Access token').fill((await must(sluice.api('POST', 'tokens', { name: 'second', role: 'admin' }))).token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Your session has ended.').waitFor({ state: 'detached' });
  assert.equal(await drawer.getByLabel('Stream name or ARN').inputValue(), 'half-typed');
  // And over a load of the page.
  await page.reload();
  await drawer.getByLabel('Stream name or ARN').waitFor();
  assert.equal(await drawer.getByLabel('Stream name or ARN').inputValue(), 'half-typed');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^second: signed in/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Access token').waitFor();
  assert.deepEqual(await ui.context.cookies(), []);
  ui.assertClean();
});

test('when the server goes away the page says so, and resumes by itself', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  await makeDestination(sluice);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();
  await page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  await sluice.process.stop('SIGKILL');
  await page.getByRole('alert').filter({ hasText: 'The server does not answer.' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'flags to the lake' }).count(), 1);
  await sluice.launch();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  // What changed in between is there without a reload.
  await makeDestination(sluice, { name: 'created meanwhile' });
  await page.getByRole('link', { name: 'created meanwhile' }).waitFor();
  ui.assertClean();
});

test('the form reports AWS’s errors with what to do, before anything is saved', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();
  await page.getByRole('button', { name: 'Add integration: Amazon Kinesis' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('button', { name: 'Save destination' }).click();
  await drawer.getByText('Select the environment whose events it receives.').waitFor();
  await drawer.getByRole('textbox', { name: 'Project and environment' }).click();
  await page.getByRole('option', { name: 'Web shop: Production' }).click();
  await drawer.getByRole('textbox', { name: 'Region' }).fill('us-east-1');
  await page.getByRole('option', { name: /us-east-1/ }).click();
  await drawer.getByLabel('Stream name or ARN').fill('flag-events');
  await drawer.getByLabel('Role ARN').fill('arn:aws:iam::123456789012:role/of-nobody');
  await drawer.getByRole('button', { name: 'Check' }).click();
  await drawer.locator('[data-step=assumeRole][data-status=failed]').getByText('What to do:').waitFor();
  // A fault opens the part of the form that it is in.
  const kept = drawer.getByLabel('Keep one event in');
  await drawer.getByText('Kinds and filters').click();
  await kept.fill('ten');
  await drawer.getByText('Kinds and filters').click();
  await drawer.getByRole('button', { name: 'Save destination' }).click();
  await waitFor('the fault at the field', async () => (await kept.isVisible()) && (await kept.getAttribute('aria-invalid')) === 'true');
  assert.equal((await sluice.api('GET', 'destinations')).body.items.length, 0);
  ui.assertClean();
});

test('it can be used by keyboard alone', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  await makeDestination(sluice);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();
  await page.getByRole('link', { name: 'flags to the lake' }).waitFor();
  const focused = (name) => page.evaluate((wanted) => document.activeElement?.matches('a, button, input') && (document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').includes(wanted), name);
  const tabTo = async (name) => {
    for (let presses = 0; presses < 40; ++presses) {
      if (await focused(name)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`no way to ${name} by Tab`);
  };
  await tabTo('Add integration');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none');
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog');
  await drawer.waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await tabTo('flags to the lake is on');
  await page.keyboard.press('Space');
  await waitFor('it to be off', async () => (await sluice.api('GET', 'destinations')).body.items[0].on === false);
  ui.assertClean();
});

test('a flag of which only summaries arrive says what to do, in words', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  await waitFor('the SDK key to be known', async () => (await sluice.post([])) === 202);
  assert.equal(await sluice.post([counters('quiet-flag', 12), evaluation('loud-flag', 'ada'), counters('loud-flag', 1)]), 202);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();
  await ui.go('/flags/web/production');
  await page.getByText('Sluice exports quiet-flag, but SDKs send only counters for it.').waitFor();
  await page.getByRole('link', { name: 'have SDKs take their flags through Sluice' }).waitFor();
  await page.getByText('of the flag in LaunchDarkly\'s environment Production as well').waitFor();
  assert.equal(await page.getByText('Only summaries received').count(), 1);
  await ui.assertAccessible('flags of which only summaries arrive');
  await page.getByRole('switch', { name: /quiet-flag/ }).focus();
  await page.keyboard.press('Space');
  await waitFor('the warning to go with the switch', async () => (await page.getByText('Only summaries received').count()) === 0);
  ui.assertClean();
});

test('the first page is small and quick', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const ui = await Console.open(t, sluice);
  const loaded = [];
  ui.page.on('response', (response) => loaded.push(new URL(response.url()).pathname));
  await ui.signIn();
  const dist = path.join(repository, 'console/dist');
  const assets = [...new Set(loaded)].filter((name) => /\.(js|css)$/.test(name));
  const sizes = await Promise.all(assets.map(async (name) => {
    const file = await readFile(path.join(dist, name.replace('/console/', '')));
    return { gzip: gzipSync(file).length, brotli: brotliCompressSync(file).length };
  }));
  const sum = (which) => sizes.reduce((total, size) => total + size[which], 0);
  t.diagnostic(`${assets.length} files, ${sum('gzip')} bytes with gzip, ${sum('brotli')} with brotli`);
  assert.ok(sum('gzip') < 300 * 1024);
  assert.ok((await readdir(path.join(dist, 'assets'))).length > assets.length, 'charts and documentation come later');
  // In a browser of its own that has never been here: nothing is in its cache.
  const cold = await Console.open(t, sluice);
  await cold.context.addCookies(await ui.context.cookies());
  await cold.page.goto(`${cold.origin}/console/`, { waitUntil: 'commit' });
  await cold.page.getByRole('heading', { name: 'Integrations' }).waitFor();
  const ready = await cold.page.evaluate(() => performance.now());
  const transferred = await cold.page.evaluate(() => performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.transferSize, 0));
  assert.ok(transferred > 50_000, 'it came from the server, not from a cache');
  t.diagnostic(`the first page was there after ${ready.toFixed(0)} ms on a cold cache, ${transferred} bytes transferred`);
  assert.ok(ready < 1_000, `${ready} ms`);
  ui.assertClean();
});
