import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
const CODE_OF_PAGE = /UsersPage.*\.js/;

async function openFleet(): Promise<{ page: Page; loads: () => number }> {
  const page = await (await browser.admin()).newPage();
  await page.goto('/');
  await visible(page, 'Add the first robot');
  let loads = 0;
  page.on('request', (request) => {
    if (request.isNavigationRequest()) loads++;
  });
  return { page, loads: () => loads };
}

it('after an upgrade, an open tab reloads a page whose code is gone', async () => {
  const { page, loads } = await openFleet();
  await page.route(CODE_OF_PAGE, (route) => (loads() === 0 ? route.fulfill({ status: 404 }) : route.continue()));
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  expect([new URL(page.url()).pathname, loads()]).toEqual(['/admin/users', 1]);
});

it('reloads only once, then says that the page could not be loaded', async () => {
  const { page, loads } = await openFleet();
  await page.route(CODE_OF_PAGE, (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Users' }).click();
  await visible(page, 'This page could not be loaded');
  expect(loads()).toBe(1);
  await page.unroute(CODE_OF_PAGE);
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
});

it('keeps the page while the server is down', async () => {
  const { page, loads } = await openFleet();
  const away = /UsersPage.*\.js|\/api\//;
  await page.route(away, (route) => route.abort());
  await page.getByRole('link', { name: 'Users' }).click();
  await visible(page, 'This page could not be loaded');
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await visible(page, 'Add the first robot');
  expect(loads()).toBe(0);
  await page.unroute(away);
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
});
