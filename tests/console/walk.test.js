// A person's whole path through the console, against the real server and simulated AWS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { evaluation, EXTERNAL_ID, ROLE, SDK_KEY, startBoth } from './lib/setting.js';

const TEST_KEY = 'LaunchDarklyDataExportTestEvent';

test('from nothing to events in the stream, and back', async (t) => {
  const { kinesim, sluice } = await startBoth(t);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();

  await t.test('finds Amazon Kinesis, and says when a search finds nothing', async () => {
    await page.getByText('No destinations yet').waitFor();
    const search = page.getByLabel('Search integrations and destinations');
    await search.fill('segment');
    await page.getByText('No results for “segment”').waitFor();
    await search.fill('kinesis');
    await page.getByRole('article', { name: 'Amazon Kinesis' }).waitFor();
    await page.getByRole('button', { name: 'Add integration: Amazon Kinesis' }).click();
  });

  const drawer = page.getByRole('dialog');
  await t.test('creates the first environment in the same form', async () => {
    await drawer.getByText('Create an environment first.').waitFor();
    await drawer.getByLabel('Project name').fill('Web shop');
    await drawer.getByLabel('Project key').fill('web');
    await drawer.getByLabel('Environment name').fill('Production');
    await drawer.getByLabel('SDK key').fill(SDK_KEY);
    await drawer.getByRole('button', { name: 'Create environment' }).click();
    await drawer.getByRole('textbox', { name: 'Project and environment' }).waitFor();
    assert.equal(await drawer.getByRole('textbox', { name: 'Project and environment' }).inputValue(), 'Web shop: Production');
  });

  await t.test('shows the form’s errors at their fields, in words', async () => {
    await drawer.getByLabel('Role ARN').fill('sluice-export');
    await drawer.getByRole('button', { name: 'Save destination' }).click();
    await drawer.getByText('Some fields have errors.').waitFor();
    for (const [label, words] of [['Role ARN', /arn:aws:iam::/], ['Stream name or ARN', /stream/i], ['Region', /region|missing/i]]) {
      const field = drawer.getByRole('textbox', { name: label });
      const described = await field.getAttribute('aria-describedby');
      const texts = await Promise.all(described.split(' ').filter((id) => id.endsWith('-error')).map((id) => page.locator(`[id="${id}"]`).textContent()));
      assert.match(texts.join(' '), words, label);
      assert.equal(await field.getAttribute('aria-invalid'), 'true', label);
    }
  });

  await t.test('fills the policies in as one types', async () => {
    await drawer.getByRole('textbox', { name: 'Region' }).fill('us-east-1');
    await page.getByRole('option', { name: /us-east-1/ }).click();
    await drawer.getByLabel('Name', { exact: true }).fill('flags to the lake');
    await drawer.getByLabel('Stream name or ARN').fill('flag-events');
    await drawer.getByLabel('Role ARN').fill(ROLE);
    await drawer.getByRole('textbox', { name: 'External id' }).fill(EXTERNAL_ID);
    await drawer.getByLabel('permission policy', { exact: true }).getByText('arn:aws:kinesis:us-east-1:123456789012:stream/flag-events').first().waitFor();
    await drawer.getByLabel('trust policy', { exact: true }).getByText(EXTERNAL_ID).waitFor();
    await drawer.getByRole('tab', { name: 'Terraform' }).last().click();
    await drawer.getByText('aws_iam', { exact: false }).first().waitFor();
  });

  await t.test('checks step by step before anything is saved', async () => {
    await drawer.getByRole('button', { name: 'Check' }).click();
    await drawer.locator('[data-step=put][data-status=ok]').waitFor();
    assert.equal(await drawer.locator('[data-step=assumeRole]').getAttribute('data-status'), 'ok');
    assert.equal((await sluice.api('GET', 'destinations')).body.items.length, 0);
    assert.equal((await kinesim.texts()).filter((text) => text.includes(TEST_KEY)).length, 1);
  });

  await t.test('saves', async () => {
    await drawer.getByRole('button', { name: 'Save destination' }).click();
    await page.getByText('Destination saved.').waitFor();
    await page.getByRole('heading', { name: 'flags to the lake', level: 1 }).waitFor();
  });

  await t.test('sends the test event, which is in the stream', async () => {
    await page.getByRole('button', { name: 'Send event' }).click();
    await page.getByText(/shardId-\d+, sequence number \d+/).waitFor();
    const found = (await kinesim.texts()).filter((text) => text.includes(TEST_KEY));
    assert.equal(found.length, 2);
    assert.equal(JSON.parse(found[1]).event.key, TEST_KEY);
  });

  await t.test('turns green when the first event comes', async () => {
    await page.getByRole('link', { name: 'set up SDKs' }).click();
    await page.getByText('Waiting for the first event …').waitFor();
    assert.match(await page.getByRole('region', { name: /SDK setup/ }).textContent(), new RegExp(`eventsUri: 'http://127.0.0.1:${sluice.port}'`));
    // By hand, as the page writes it.
    await page.getByRole('textbox', { name: 'SDK', exact: true }).click();
    await page.getByRole('option', { name: 'By hand (curl)' }).click();
    assert.match(execFileSync('sh', ['-c', await page.getByRole('region', { name: /SDK setup/ }).textContent()], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), /^HTTP\/1.1 202/);
    await page.getByText('Receiving events').waitFor();
    assert.equal(await sluice.post([evaluation('new-checkout', 'anna'), evaluation('dark-mode', 'bob', false)]), 202);
  });

  await t.test('switches export off and on for a flag', async () => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Flags' }).click();
    const flip = page.getByLabel('Send detailed events of new-checkout to data export destinations');
    await flip.waitFor({ state: 'attached' });
    const exported = async () => (await sluice.api('GET', 'flags/web/new-checkout?env=production')).body.environments.production.trackEvents;
    for (const on of [false, true]) {
      await flip.focus();
      await page.keyboard.press('Space');
      await waitFor(`the flag to be ${on ? 'on' : 'off'}`, async () => (await exported()) === on);
      await page.getByText(`Detailed events of new-checkout switched ${on ? 'on' : 'off'}.`).waitFor();
    }
  });

  await t.test('shows events live, in full, with the destinations that receive them', async () => {
    await page.getByRole('link', { name: 'Live events' }).click();
    await page.getByRole('button', { name: /feature new-checkout/ }).first().waitFor();
    await sluice.post([evaluation('live-now', 'carol')]);
    await page.getByRole('button', { name: /feature live-now/ }).click();
    await page.getByRole('region', { name: 'event', exact: true }).getByText('"carol"').first().waitFor();
    await page.getByText('delivered', { exact: true }).waitFor();
    await page.getByLabel('Flag or event key').fill('nothing-like-it');
    await page.getByText('No recent event matches').waitFor();
  });

  await t.test('edits; someone else’s change in between is reported', async () => {
    await page.getByRole('link', { name: 'Integrations' }).click();
    await page.getByRole('button', { name: 'Edit flags to the lake' }).click();
    await drawer.getByLabel('Name', { exact: true }).fill('renamed by me');
    const id = (await sluice.api('GET', 'destinations')).body.items[0]._id;
    assert.equal((await sluice.api('PATCH', `destinations/web/production/${id}`, [{ op: 'replace', path: '/name', value: 'renamed by them' }])).status, 200);
    await drawer.getByRole('button', { name: 'Save destination' }).click();
    await drawer.getByText('Someone else changed this destination in the meantime.').waitFor();
    await drawer.getByRole('button', { name: 'Reload' }).click();
    await drawer.getByRole('heading', { name: /renamed by them/ }).waitFor();
    await drawer.getByLabel('Name', { exact: true }).fill('renamed by me');
    await drawer.getByRole('button', { name: 'Save destination' }).click();
    await page.getByRole('link', { name: 'renamed by me' }).waitFor();
    assert.equal((await sluice.api('GET', 'destinations')).body.items[0].name, 'renamed by me');
  });

  await t.test('deletes, after the name is typed', async () => {
    await page.getByRole('button', { name: 'Edit renamed by me' }).click();
    await drawer.getByRole('tab', { name: 'Delete' }).click();
    await drawer.getByRole('button', { name: 'Delete destination' }).click();
    const sure = page.getByRole('dialog', { name: 'Delete “renamed by me”?' });
    await sure.getByText('Events already delivered stay where they are.').waitFor();
    assert.equal(await sure.getByRole('button', { name: 'Delete destination' }).isDisabled(), true);
    await sure.getByLabel(/to confirm/).fill('renamed by me');
    await sure.getByRole('button', { name: 'Delete destination' }).click();
    await page.getByText('No destinations yet').waitFor();
    assert.equal((await sluice.api('GET', 'destinations')).body.items.length, 0);
  });

  await t.test('has it all in the audit log, with before and after', async () => {
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByText('deleted the destination "renamed by me"').click();
    await page.getByRole('region', { name: 'Before and after' }).getByText('"renamed by me"').waitFor();
  });
  ui.assertClean();
});
