import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);

it.each([
  ['a desktop', DESKTOP],
  ['a phone', PHONE],
])('a key for a script is made, used and revoked on %s', async (where, viewport) => {
  const page = await (await browser.open({ as: ADMIN, viewport })).newPage();
  const name = `export on ${where}`;
  await page.goto('/profile');
  await page.getByRole('button', { name: 'New API key' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create the key' }).click();
  const key = (await page.getByRole('textbox', { name: 'API key' }).innerText()).trim();
  expect(key).toMatch(/^rwk_/);
  const call = (method = 'GET') =>
    fetch(`${browser.server().url}/api/robots${method === 'GET' ? '' : '/1'}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
    });
  expect([(await call()).status, (await call('DELETE')).status]).toEqual([200, 403]);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  const item = page.getByRole('listitem').filter({ hasText: name });
  await item.getByText(/valid until/).waitFor();
  expect(await page.content()).not.toContain(key);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);

  await item.getByRole('button', { name: `Revoke API key ${name}` }).click();
  await page.getByLabel(`Type ${name} to revoke it`).fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await item.waitFor({ state: 'detached' });
  expect((await call()).status).toBe(401);
  await visible(page, 'New API key');
});
