// A person has SDKs take their flags through Sluice, and flips a flag's switch: a real SDK then sends its evaluations in full, and they are
// in the stream. SLUICE_PICTURES names a folder for pictures of the pages, light, dark and narrow.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { serverFlag } from '../integration/lib/flag_server.js';
import { freePort } from '../integration/lib/process.js';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { lookAt } from './lib/look.js';
import { counters, makeDestination, makePlace, SDK_KEY, startBoth } from './lib/setting.js';

const { init } = createRequire(new URL('../integration/package.json', import.meta.url))('@launchdarkly/node-server-sdk');
const FLAG = 'new-checkout';
const flags = (version, variation = 0) => ({ flags: { [FLAG]: serverFlag(FLAG, { version, variations: ['short', 'long'], fallthrough: { variation } }), banner: serverFlag('banner', { variations: ['blue', 'red'] }) } });
const VISITORS = ['anna', 'bob', 'carol'];

test('the switch of a flag, flipped in the browser, decides what a real SDK sends in full', async (t) => {
  const { kinesim, sluice } = await startBoth(t);
  const file = path.join(sluice.dataDir, 'flag-files', 'flags.json');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(flags(3)));
  await makePlace(sluice);
  await makeDestination(sluice);
  await sluice.api('PATCH', 'projects/web/environments/production', { featureEvents: 'chosen flags', defaultTrackEvents: false });
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();
  const source = page.getByRole('region', { name: 'Flag source' });
  const seen = page.getByRole('region', { name: 'SDKs seen' });
  let client;
  const evaluations = async (key) => (await kinesim.texts()).map((text) => JSON.parse(text).event).filter((event) => event.kind === 'feature' && event.key === key);
  // Each visitor evaluates the flag once; resolves when all that the SDK sent of it is in the stream.
  const visit = async () => {
    const marks = (await kinesim.texts()).filter((text) => JSON.parse(text).event.kind === 'custom').length;
    for (const key of VISITORS) await client.variation(FLAG, { kind: 'user', key }, 'none');
    client.track('visited', { kind: 'user', key: 'anna' });
    await client.flush();
    await waitFor('the visit to be in the stream', async () => (await kinesim.texts()).filter((text) => JSON.parse(text).event.kind === 'custom').length > marks);
  };
  const flip = () => page.getByLabel(`Send detailed events of ${FLAG} to data export destinations`).click();

  await t.test('where SDKs send only counters, the way to the relay is offered', async () => {
    await sluice.post([counters(FLAG, 40)]);
    await waitFor('the flag', async () => (await sluice.api('GET', `flags/web/${FLAG}`)).status === 200);
    await sluice.api('PATCH', `flags/web/${FLAG}`, { environmentKey: 'production', instructions: [{ kind: 'updateTrackEvents', trackEvents: true }] });
    await ui.go('/flags/web/production');
    await page.getByText('SDKs send only counters for it').waitFor();
    await lookAt(ui, 'relay-offered');
    await page.getByRole('link', { name: 'have SDKs take their flags through Sluice' }).click();
    await page.getByText('SDKs take their flags elsewhere').waitFor();
    await seen.getByText('What to do').waitFor();
    await sluice.api('PATCH', `flags/web/${FLAG}`, { environmentKey: 'production', instructions: [{ kind: 'updateTrackEvents', trackEvents: false }] });
  });

  await t.test('the flag source is set in its form, which names what is wrong', async () => {
    await source.getByRole('button', { name: 'Set flag source' }).click();
    await source.getByRole('textbox', { name: 'Flags come from' }).click();
    await page.getByRole('option', { name: 'Flag data files' }).click();
    await lookAt(ui, 'relay-form');
    await source.getByRole('button', { name: 'Save flag source' }).click();
    await source.getByText(/none is named/).first().waitFor();
    await source.getByRole('textbox', { name: 'Files' }).fill('flags.json');
    await source.getByRole('textbox', { name: 'Files' }).press('Enter');
    await source.getByRole('button', { name: 'Save flag source' }).click();
    await page.getByText('Flag source saved.').waitFor();
    await source.getByText('Following').waitFor();
    await source.getByText('2 flags, 0 segments').waitFor();
    await ui.go('/flags/web/production');
    await page.getByLabel('Send detailed events of banner to data export destinations').waitFor();
    await ui.go('/environments/web/production');
  });

  await t.test('the set-up says which three settings change, with this server’s address', async () => {
    await page.getByLabel('Address that your SDKs reach').fill(sluice.uri);
    const steps = page.getByRole('list', { name: 'Steps' });
    assert.equal(await steps.getByRole('listitem').count(), 3);
    for (const name of ['streamUri', 'baseUri', 'eventsUri']) await steps.getByText(name).waitFor();
    const code = await page.getByRole('region', { name: 'SDK setup for Node.js' }).textContent();
    assert.equal(code.split(sluice.uri).length - 1, 3);
    assert.ok(!code.includes('launchdarkly.com'));
  });

  await t.test('a real SDK is seen with its stream', async () => {
    client = init(SDK_KEY, { streamUri: sluice.uri, baseUri: sluice.uri, eventsUri: sluice.uri, flushInterval: 3600, diagnosticOptOut: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    t.after(() => client.close());
    await client.waitForInitialization({ timeout: 10 });
    await visit();
    assert.equal((await evaluations(FLAG)).length, 0, 'the switch is off: counters alone');
    await seen.getByText('NodeJSClient').waitFor();
    await seen.getByText('1 stream').waitFor();
    await source.getByText('1 of servers, 0 of mobile apps and browsers').waitFor();
    await lookAt(ui, 'relay-environment');
  });

  await t.test('the switch, flipped, has the SDK send each evaluation in full', async () => {
    await ui.go('/flags/web/production');
    await flip();
    await page.getByText(`Detailed events of ${FLAG} switched on.`).waitFor();
    await waitFor('evaluations in the stream', async () => {
      await visit();
      return (await evaluations(FLAG)).length >= VISITORS.length;
    });
    const found = await evaluations(FLAG);
    assert.deepEqual([...new Set(found.map(({ value, version }) => `${value} ${version}`))], ['short 3'], 'value and version are the flag’s own');
    assert.deepEqual([...new Set(found.map(({ context }) => context.key))].sort(), VISITORS);
    await ui.go('/flags/web/production');
    await page.getByText('In full by some SDKs').or(page.getByText('SDKs send it in full')).first().waitFor();
    await lookAt(ui, 'relay-in-full');
    await ui.go('/live/web/production');
    await page.getByRole('button', { name: new RegExp(`feature ${FLAG}`) }).first().waitFor();
  });

  await t.test('flipped back, it sends counters again', async () => {
    await ui.go('/flags/web/production');
    await flip();
    await page.getByText(`Detailed events of ${FLAG} switched off.`).waitFor();
    await waitFor('the SDK to send no more', async () => {
      const before = (await evaluations(FLAG)).length;
      await visit();
      return (await evaluations(FLAG)).length === before;
    });
  });

  await t.test('a file that cannot be read is told with what to do, and SDKs keep their flags', async () => {
    await writeFile(file, '{"flags": {');
    await ui.go('/environments/web/production');
    await source.getByText('Unavailable: SDKs get the last flags').waitFor();
    await source.getByText(/flags\.json/).first().waitFor();
    await lookAt(ui, 'relay-behind');
    assert.equal(await client.variation(FLAG, { kind: 'user', key: 'anna' }, 'none'), 'short');
    await writeFile(file, JSON.stringify(flags(4, 1)));
    await waitFor('the change', async () => (await client.variation(FLAG, { kind: 'user', key: 'anna' }, 'none')) === 'long');
    await source.getByText('Following').waitFor();
  });

  await t.test('an address that evaluates for nobody is told beside the state of the stream', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { _id: id } = (await sluice.api('PATCH', 'projects/web/environments/production', { flagSource: 'launchdarkly', flagStreamUri: nobody })).body;
    const apps = source.getByRole('group', { name: 'Evaluations for mobile apps and browsers' });
    await apps.getByText('No app has asked yet').waitFor();
    const context = Buffer.from('{"kind":"user","key":"anna"}').toString('base64url');
    assert.equal((await fetch(`${sluice.uri}/sdk/evalx/${id}/contexts/${context}`)).status, 503);
    await apps.getByText('Failing: apps and pages get no flags').waitFor();
    await apps.getByText(/Could not connect to 127/).waitFor();
    await apps.getByText(/Check flagBaseUri/).waitFor();
    await lookAt(ui, 'relay-no-evaluations');
  });

  ui.assertClean();
});
