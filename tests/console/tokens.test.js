// Access tokens and custom roles, as an admin has them in the browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Console } from './lib/browser.js';
import { makeDestination, makePlace, startBoth } from './lib/setting.js';

test('a role and a token that uses it: created, used, edited, and deleted in the right order', async (t) => {
  const { sluice } = await startBoth(t);
  await makePlace(sluice);
  const { _id } = await makeDestination(sluice);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  const dialog = page.getByRole('dialog');
  await ui.signIn();
  await ui.go('/tokens');
  await page.getByText('No custom roles').waitFor();
  await ui.assertAccessible('tokens without roles');

  await page.getByRole('button', { name: 'New role' }).click();
  await dialog.getByLabel('Key').fill('switch-production');
  await dialog.getByLabel('Name', { exact: true }).fill('Switches in production');
  await dialog.getByLabel('Policy').fill('[{"effect": "allow"');
  await dialog.getByRole('button', { name: 'Save role' }).click();
  await dialog.getByText(/^The policy is not valid JSON: /).waitFor();
  await dialog.getByLabel('Policy').fill('[{"effect":"allow","resources":["proj/web:env/production:destination/*"],"actions":["fly"]}]');
  await dialog.getByRole('button', { name: 'Save role' }).click();
  await dialog.getByText(/"fly" is not an action/).waitFor();
  await ui.assertAccessible('a role with a fault');
  await dialog.getByLabel('Policy').fill('[{"effect":"allow","resources":["proj/web:env/production:destination/*"],"actions":["updateOn"]}]');
  await dialog.getByRole('button', { name: 'Save role' }).click();
  await page.getByText('May: updateOn, on proj/web:env/production:destination/*').waitFor();

  await page.getByRole('button', { name: 'New token' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('night shift');
  await dialog.getByRole('textbox', { name: 'Role' }).click();
  await page.getByRole('option', { name: /^Custom/ }).click();
  assert.ok(await dialog.getByRole('button', { name: 'Create token' }).isDisabled(), 'without a role it would have no permissions');
  await dialog.getByLabel('Switches in production').check();
  await dialog.getByRole('button', { name: 'Create token' }).click();
  await dialog.getByText('Copy it now.').waitFor();
  const token = /api-[\w-]+/.exec(await dialog.innerText())[0];
  await dialog.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row').filter({ hasText: 'night shift' });
  assert.match(await row.innerText(), /Switches in production/);
  assert.ok(!(await page.content()).includes(token), 'it is shown once');

  const patch = (path, value) => sluice.api('PATCH', `destinations/web/production/${_id}`, [{ op: 'replace', path, value }], { token });
  assert.equal((await patch('/on', false)).status, 200);
  assert.equal((await patch('/name', 'x')).status, 403);
  await page.getByRole('button', { name: 'Edit Switches in production' }).click();
  await dialog.getByLabel('Policy').fill('[{"effect":"allow","resources":["proj/web:env/production:destination/*"],"actions":["updateName"]}]');
  await dialog.getByRole('button', { name: 'Save role' }).click();
  await page.getByText('May: updateName').waitFor();
  assert.equal((await patch('/name', 'renamed')).status, 200);

  await page.getByRole('button', { name: 'Delete Switches in production' }).click();
  await dialog.getByRole('button', { name: 'Delete role' }).click();
  await dialog.getByText('The access token "night shift" has this role. Delete the token first.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Delete night shift' }).click();
  await dialog.getByRole('button', { name: 'Delete token' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await patch('/name', 'again')).status, 401);
  await page.getByRole('button', { name: 'Delete Switches in production' }).click();
  await dialog.getByRole('button', { name: 'Delete role' }).click();
  await page.getByText('No custom roles').waitFor();
  ui.assertClean();
});
