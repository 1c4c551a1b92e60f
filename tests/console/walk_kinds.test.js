// A person's path from the card of a kind to the test event at its far end, and to an SDK's event there. SLUICE_PICTURES names a folder for
// pictures of the forms and pages, light, dark and narrow.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { EXTERNAL_ID, Kinesim, ROLE } from '../integration/lib/kinesim.js';
import { Bucket } from '../integration/lib/objects.js';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { isSigned, WebhookReceiver } from '../integration/lib/webhook_receiver.js';
import { Console } from './lib/browser.js';
import { lookAt as look } from './lib/look.js';
import { evaluation, makePlace } from './lib/setting.js';

const TEST_KEY = 'LaunchDarklyDataExportTestEvent';
async function open(t, env) {
  const sluice = await Sluice.start(t, { managed: true, env });
  await makePlace(sluice);
  const ui = await Console.open(t, sluice);
  await ui.signIn();
  return { sluice, ui, page: ui.page, drawer: ui.page.getByRole('dialog') };
}

async function beginWith({ page, drawer }, { search, card, name }) {
  await page.getByLabel('Search integrations and destinations').fill(search);
  await page.getByRole('article', { name: card }).waitFor();
  assert.equal(await page.getByRole('article').count(), 1, `"${search}" finds one`);
  await page.getByRole('button', { name: `Add integration: ${card}` }).click();
  await drawer.getByRole('textbox', { name: 'Project and environment' }).click();
  await page.getByRole('option', { name: 'Web shop: Production' }).click();
  await drawer.getByLabel('Name', { exact: true }).fill(name);
}

async function checkAndSave({ ui, page, drawer, sluice }, { name, lastStep, kind }) {
  await drawer.getByRole('button', { name: 'Check' }).click();
  await drawer.locator(`[data-step=${lastStep}]`).waitFor().catch(async (error) => { throw new Error(`${error.message}\n${await drawer.textContent()}`); });
  assert.deepEqual(await drawer.locator('[data-status=failed]').allTextContents(), []);
  assert.equal((await sluice.api('GET', 'destinations')).body.items.length, 0, 'a check saves nothing');
  await look(ui, `${kind}-checked`);
  await drawer.getByRole('heading', { level: 2 }).first().scrollIntoViewIfNeeded();
  await page.evaluate(() => { for (const part of document.querySelectorAll('[role=dialog] *')) part.scrollTop = 0; });
  await look(ui, `${kind}-form`);
  await drawer.getByRole('button', { name: 'Save destination' }).click();
  await page.getByText('Destination saved.').waitFor();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

// Resolves to where the page says that the test event is.
async function sendTestEvent({ page }) {
  await page.getByRole('button', { name: 'Send event' }).click();
  await page.getByText('Delivered in').waitFor();
  return page.locator('dt:text-is("Where") + dd').textContent();
}

async function showsDelivery({ ui, page }, kind) {
  await page.getByText('1 total').first().waitFor();
  await page.locator('details').filter({ hasText: 'new-checkout' }).first().waitFor();
  await look(ui, `${kind}-page`);
  await page.getByRole('link', { name: 'Integrations' }).first().click();
  await page.getByRole('article').first().waitFor();
  await look(ui, `${kind}-integrations`);
  ui.assertClean();
}

test('Amazon S3: from the card to an object in the bucket', async (t) => {
  const kinesim = await Kinesim.start(t, { streams: {} });
  await kinesim.apply({ buckets: [{ name: 'flag-events', region: 'us-east-1' }] });
  const walk = await open(t, { AWS_ENDPOINT_URL_S3: kinesim.uri, AWS_ENDPOINT_URL_STS: kinesim.uri });
  const { page, drawer, sluice } = walk;
  await beginWith(walk, { search: 'athena', card: 'Amazon S3', name: 'flags to the lake' });
  await drawer.getByRole('textbox', { name: /^Bucket( \*)?$/ }).fill('flag-events');
  await drawer.getByRole('textbox', { name: 'Region' }).fill('us-east-1');
  await page.getByRole('option', { name: /us-east-1/ }).click();
  await drawer.getByRole('textbox', { name: 'Prefix' }).fill('exports/flags');
  await drawer.getByLabel('Role ARN').fill(ROLE);
  await drawer.getByRole('textbox', { name: 'External id' }).fill(EXTERNAL_ID);
  await drawer.getByLabel('permission policy', { exact: true }).getByText('arn:aws:s3:::flag-events/exports/flags').first().waitFor();
  await drawer.getByText('Objects', { exact: true }).click();
  await drawer.getByLabel('Object age').fill('1 s');
  await checkAndSave(walk, { name: 'flags to the lake', lastStep: 'put', kind: 's3' });

  const where = await sendTestEvent(walk);
  const bucket = new Bucket(kinesim, 'flag-events');
  const tests = (await bucket.list()).filter(({ key }) => where.includes(key));
  assert.equal(tests.length, 1, `${where} is in the bucket`);
  assert.match((await bucket.lines(tests[0].key)).join(''), new RegExp(TEST_KEY));

  await sluice.post([evaluation('new-checkout', 'anna')]);
  await waitFor("the SDK's event in an object", async () => {
    for (const { key } of await bucket.list('exports/flags/project=')) if ((await bucket.lines(key)).some((line) => JSON.parse(line).event.key === 'new-checkout')) return true;
    return false;
  });
  await showsDelivery(walk, 's3');
});

test('Webhook: from the card to a request that is signed', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  receiver.managed = true;
  const walk = await open(t);
  const { page, drawer, sluice } = walk;
  await beginWith(walk, { search: 'http', card: 'Webhook', name: 'flags to us' });
  await drawer.getByRole('textbox', { name: 'URL' }).fill(receiver.uri);
  await drawer.getByRole('textbox', { name: 'Authentication' }).click();
  await page.getByRole('option', { name: /signature/ }).click();
  // The set-up help has made a secret; the person takes it for both sides.
  const help = await waitFor('a secret in the set-up help', async () => /whsec_[A-Za-z0-9+/]{43}=/.exec(await drawer.textContent())?.[0]);
  await drawer.getByLabel('Signing secrets').fill(help);
  await checkAndSave(walk, { name: 'flags to us', lastStep: 'put', kind: 'webhook' });

  const before = receiver.accepted.length;
  const where = await sendTestEvent(walk);
  assert.equal(receiver.accepted.length, before + 1);
  const request = receiver.accepted.at(-1);
  assert.ok(where.includes(request.id), `${where} names ${request.id}`);
  assert.ok(isSigned(request, help));
  assert.equal(request.events[0].key, TEST_KEY);

  await sluice.post([evaluation('new-checkout', 'anna')]);
  await waitFor("the SDK's event at the receiver", () => receiver.accepted.some(({ events }) => events.some(({ key }) => key === 'new-checkout')));
  await showsDelivery(walk, 'webhook');
});

test('LaunchDarkly: from the card to a payload at the event service', async (t) => {
  const got = [];
  const service = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    got.push({ url: request.url, key: request.headers.authorization, text: body.toString() });
    response.writeHead(202).end();
  });
  await new Promise((resolve) => { service.listen(0, '127.0.0.1', resolve); });
  t.after(() => { service.closeAllConnections(); service.close(); });
  const uri = `http://127.0.0.1:${service.address().port}`;
  const walk = await open(t);
  const { drawer, sluice } = walk;
  await beginWith(walk, { search: 'tee', card: 'LaunchDarkly events', name: 'back to LaunchDarkly' });
  await drawer.getByText('Details', { exact: true }).first().click();
  await drawer.getByLabel('Events address', { exact: true }).fill(uri);
  await checkAndSave(walk, { name: 'back to LaunchDarkly', lastStep: 'testEvent', kind: 'launchdarkly-events' });

  got.length = 0;
  const where = await sendTestEvent(walk);
  assert.ok(where.includes(uri), where);
  assert.equal(got.length, 1);
  assert.equal(got[0].key, SDK_KEY);

  const payload = JSON.stringify([evaluation('new-checkout', 'anna')]);
  execFileSync('curl', ['-sS', '-H', `Authorization: ${SDK_KEY}`, '-H', 'Content-Type: application/json', '-d', payload, `${sluice.uri}/bulk`], { stdio: ['ignore', 'pipe', 'ignore'] });
  await waitFor('the payload at the event service', () => got.some(({ text }) => text === payload));
  await showsDelivery(walk, 'launchdarkly-events');
});
