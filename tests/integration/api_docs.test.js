// The page of the API's documentation, as the server itself serves it out of its binary.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROMIUM } from './lib/browser_page.js';
import { openapi, operations } from './lib/openapi.js';
import { ADMIN_TOKEN, Sluice } from './lib/sluice.js';

test('the page shows every operation, tries a call in a session, and asks nobody else', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const pageUri = `${sluice.adminUri}/api/docs/`;
  if ((await fetch(pageUri)).status === 404) return t.skip('this binary was built without its pages');
  assert.deepEqual(await (await fetch(`${sluice.adminUri}/api/openapi.json`)).json(), openapi);

  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const said = [];
  const foreign = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => request.url().startsWith(sluice.adminUri) || foreign.push(request.url()));

  const answer = await page.goto(pageUri);
  const policy = answer.headers()['content-security-policy'];
  assert.ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self';"), policy);
  for (const { operation } of operations) await page.getByText(operation.summary, { exact: true }).first().waitFor({ state: 'attached' });

  const opened = await page.evaluate(async (token) => (await fetch('/api/session', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Sluice-Console': '1' }, body: JSON.stringify({ token }),
  })).status, ADMIN_TOKEN);
  assert.equal(opened, 204);
  await page.getByText('Create a project', { exact: true }).first().click();
  const [made] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/api/v2/projects')),
    page.getByRole('button', { name: 'Execute' }).click(),
  ]);
  assert.equal(made.status(), 201, 'a change with the session alone');
  assert.deepEqual([said, foreign], [[], []]);
});
