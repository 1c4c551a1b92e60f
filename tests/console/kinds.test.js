// The console knows a kind of destination by the server's description alone: kinds that this server does not have are put
// into its answer, one with a field of every type and one that supports none of the common settings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { makePlace, startBoth } from './lib/setting.js';

const every = (value) => ({ eventKinds: value, filters: value, sampling: value, privacy: value, addedFields: value, replay: value, cost: false });
const field = (key, label, more = {}) => ({ key, flag: `--${key}`, label, help: '', type: 'text', group: 'main', required: false, ...more });
const choice = (value, label, help) => ({ value, label, help });

const SAMPLE = {
  kind: 'sample', title: 'Sample hooks', summary: 'Send batches to an address of yours.', keywords: 'http post', icon: 'unheard-of', docs: 'delivery',
  supports: { ...every(true), replay: false }, unsupportedReason: '',
  form: {
    groups: [{ key: 'main', title: 'Where', help: 'Guarantees: docs/delivery.md.' }, { key: 'moreBatches', title: 'Batches', help: 'How large' }],
    fields: [
      field('address', 'Address', { required: true, example: 'https://hooks.example', pattern: '^https://' }),
      field('headers', 'Headers', { type: 'pairs', secret: true, example: 'X-Team: flags' }),
      field('signing', 'Signature', { type: 'choice', choices: [choice('hmac', 'Shared secret', 'Both sides know it.'), choice('none', 'None', 'Anybody may send.')] }),
      field('secret', 'Signing secret', { type: 'secret', dependsOn: 'signing', dependsOnValues: ['hmac'] }),
      field('words', 'Words', { type: 'texts' }),
      field('compress', 'Compress', { type: 'boolean', default: 'true' }),
      field('strict', 'Strict', { type: 'boolean' }),
      field('place', 'Place', { type: 'region' }),
      field('batchBytes', 'Batch size', { type: 'size', group: 'moreBatches', example: '1 MiB' }),
      field('linger', 'Wait', { type: 'duration', group: 'moreBatches', example: '1 s' }),
      field('parallel', 'Requests in flight', { type: 'number', group: 'of-no-group', default: '4' }),
    ],
  },
};
const ORIGINALS = {
  kind: 'originals', title: 'Copy of payloads', summary: 'Forward payloads as they came.', keywords: 'tee', icon: 'tee', docs: 'delivery', supports: every(false),
  unsupportedReason: 'It forwards payloads as SDKs sent them.', form: { groups: [], fields: [field('address', 'Address')] },
};
const HELP = { verifySignature: 'import hmac\ndef verify(body): ...', environment: { SECRET: 'yours' }, somethingKnown: true };

async function startWithKinds(t, look = {}) {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  const ui = await Console.open(t, sluice, look);
  const { page } = ui;
  const created = [];
  await page.route('**/api/v2/destination-kinds', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: { ...body, items: [...body.items, SAMPLE, ORIGINALS] } });
  });
  await page.route('**/api/v2/destinations/web/production/policies', (route) => route.fulfill({ json: HELP }));
  await page.route('**/api/v2/destinations/web/production', (route) => {
    created.push(route.request().postDataJSON());
    return route.fulfill({ status: 400, json: { code: 'invalid_request', message: 'config.linger: "soon" is no time. config.words: Too many.' } });
  });
  await ui.signIn();
  return { ui, page, created };
}

test('a kind is found by its words, opened by address, and its form is drawn from its description', async (t) => {
  const { ui, page, created } = await startWithKinds(t);
  await page.getByRole('article', { name: 'Amazon Kinesis' }).waitFor();
  await page.getByLabel('Search integrations and destinations').fill('post hooks');
  await page.getByRole('article', { name: 'Sample hooks' }).waitFor();
  assert.equal(await page.getByRole('article').count(), 1);
  await page.getByRole('button', { name: 'Add integration: Sample hooks' }).click();
  await waitFor('the address to say it', async () => new URL(page.url()).searchParams.get('add') === 'sample');
  await page.reload();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('heading', { name: 'Create a destination: Sample hooks' }).waitFor();

  const address = drawer.getByRole('textbox', { name: 'Address' });
  await address.fill('ftp://hooks.example');
  assert.equal(await drawer.getByText('is not valid').count(), 0, 'not while it is typed');
  await address.press('Tab');
  await drawer.getByText('“ftp://hooks.example” is not valid. Expected one such as https://hooks.example.').waitFor();
  await address.fill('https://hooks.example');
  await drawer.getByText('is not valid').waitFor({ state: 'detached' });

  await drawer.getByLabel('Headers').fill('X-Team: flags\nX-Other: 1');
  assert.equal(await drawer.getByLabel('Signing secret', { exact: true }).count(), 0);
  await drawer.getByRole('textbox', { name: 'Signature' }).click();
  await page.getByRole('option', { name: 'Shared secret' }).click();
  await drawer.getByText('Both sides know it.').waitFor();
  await drawer.getByLabel('Signing secret', { exact: true }).fill('not-for-drafts');
  await drawer.getByRole('textbox', { name: 'Words' }).pressSequentially('one,two,');
  await drawer.getByText('Compress', { exact: true }).click();
  await drawer.getByRole('textbox', { name: 'Strict' }).click();
  await page.getByRole('option', { name: 'No', exact: true }).click();
  await drawer.getByRole('textbox', { name: 'Place' }).fill('eu-west-1');
  await page.getByRole('option', { name: /eu-west-1/ }).click();
  const wait = drawer.getByLabel('Wait');
  assert.equal(await wait.isVisible(), false, 'folded');
  await drawer.getByText('Batches', { exact: true }).click();
  await drawer.getByLabel('Batch size').fill('51200');
  await wait.fill('soon');
  await drawer.getByText('Details', { exact: true }).click();
  await drawer.getByLabel('Requests in flight').fill('8');
  await drawer.getByText('Kinds and filters').click();
  assert.equal(await drawer.getByText('Start with').count(), 0, 'it has no replays');
  await drawer.getByRole('region', { name: 'verify signature' }).getByText('def verify(body)').waitFor();
  await drawer.getByRole('region', { name: 'environment', exact: true }).getByText('"SECRET"').waitFor();
  assert.equal(await drawer.getByText('Something known').count(), 0);
  await ui.assertAccessible('the form of a kind that is only described');

  await drawer.getByRole('textbox', { name: 'Project and environment' }).click();
  await page.getByRole('option', { name: 'Web shop: Production' }).click();
  await drawer.getByRole('button', { name: 'Save destination' }).click();
  await drawer.getByText('"soon" is no time.').waitFor();
  await drawer.getByText('Too many.').waitFor();
  assert.deepEqual(created, [{
    kind: 'sample', on: true,
    config: { address: 'https://hooks.example', headers: ['X-Team: flags', 'X-Other: 1'], signing: 'hmac', secret: 'not-for-drafts', words: ['one', 'two'], compress: false, strict: false, place: 'eu-west-1', batchBytes: 51200, linger: 'soon', parallel: 8 },
  }]);

  // A draft holds neither secrets nor headers.
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  assert.match(kept, /hooks\.example/);
  assert.doesNotMatch(kept, /not-for-drafts|X-Team/);
  await page.reload();
  await drawer.getByLabel('Signing secret', { exact: true }).waitFor();
  assert.equal(await drawer.getByLabel('Signing secret', { exact: true }).inputValue(), '');
  ui.assertClean();
});

test('a kind without common settings says why, once', async (t) => {
  const { ui, page } = await startWithKinds(t, { width: 390, height: 844 });
  await ui.go('/?add=originals');
  const drawer = page.getByRole('dialog');
  await drawer.getByText(ORIGINALS.unsupportedReason).waitFor();
  assert.equal(await drawer.getByText(ORIGINALS.unsupportedReason).count(), 1);
  for (const part of ['Kinds and filters', 'Privacy', 'Added fields']) assert.equal(await drawer.getByText(part).count(), 0, part);
  await ui.assertAccessible('the form of a kind without common settings');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  await ui.go('/?add=no-such-kind');
  await page.getByText('This server has no integration “no-such-kind”.').waitFor();
  ui.assertClean();
});
