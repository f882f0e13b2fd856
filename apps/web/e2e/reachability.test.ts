import type { Request } from 'playwright-core';
import { expect, it } from 'vitest';
import { problemReply, useBrowser, visible, withoutPolling } from './browser.ts';
import { startRobots } from './robots.ts';
import { withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);

it('says that the server is down, keeps what was typed, and recovers by itself', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/profile');
  await page.getByLabel('Name').fill('Typed before');
  // What is still being loaded would have an alert of its own.
  await visible(page, 'This session');
  await visible(page, 'Not set up.');
  await page.getByRole('button', { name: 'New API key' }).waitFor();
  await browser.server().stop();
  await page.getByRole('button', { name: 'Save' }).click();
  await visible(page, 'The server does not respond. What you see may be out of date');
  await page.getByRole('alert').getByText('The server does not respond').waitFor();
  const unsaved = page.getByRole('alert').getByText('Not saved. Press Save again once the server responds.');
  await unsaved.waitFor();
  expect(await page.getByLabel('Name').inputValue()).toBe('Typed before');
  await browser.server().start();
  await expect.poll(() => page.getByText('What you see may be out of date').count(), { timeout: 20_000 }).toBe(0);
  expect(await unsaved.isVisible()).toBe(true);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Account' }).getByText('Typed before').waitFor();
  expect(await unsaved.count()).toBe(0);
});

it('says that this computer is offline, and refetches when it is online again', async () => {
  const context = await browser.admin();
  await withoutPolling(context);
  const page = await context.newPage();
  await page.goto('/');
  await visible(page, 'Add the first robot');
  await context.setOffline(true);
  await visible(page, 'This computer is offline');
  const again = page.waitForResponse(/\/api\/robots/);
  await context.setOffline(false);
  await again;
  await expect.poll(() => page.getByText('This computer is offline').count()).toBe(0);
});

it('opened while the server is down, it retries on request', async () => {
  const context = await browser.admin();
  await withoutPolling(context, 4_000);
  const page = await context.newPage();
  let refused = 0;
  await page.route('**/api/**', (route) => {
    if (route.request().url().endsWith('/auth/refresh')) refused++;
    return route.abort();
  });
  await page.goto('/profile');
  await visible(page, 'The server does not respond');
  // One each from the start script, the router and the waiting page. From now on only on request.
  await expect.poll(() => refused).toBe(3);
  await page.unroute('**/api/**');
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await visible(page, 'Sessions');
});

it('opened while the database is down, it says so and recovers by itself', async () => {
  const page = await (await browser.admin()).newPage();
  await page.route('**/api/auth/refresh', (route) => route.fulfill(problemReply(503, 'database_unavailable')));
  await page.goto('/profile');
  await visible(page, 'The database does not respond');
  await page.unroute('**/api/auth/refresh');
  await visible(page, 'Sessions');
});

it('a one-time link opened while the server is down keeps its form', async () => {
  const page = await (await browser.open()).newPage();
  await page.goto('/setup#secret');
  await page.getByLabel('Name').fill('Ada');
  await page.route('**/api/**', (route) => route.abort());
  await page.getByLabel('E-mail').fill('ada@lab.example');
  await page.getByLabel('Password').first().fill('correct horse battery');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await visible(page, 'The server does not respond');
  await page.unroute('**/api/**');
  await expect.poll(() => page.getByText('What you see may be out of date').count()).toBe(0);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await visible(page, 'This link no longer works');
  await visible(page, /npm run admin:link/);
  expect(await page.getByLabel('Name').inputValue()).toBe('Ada');
});

it('a page whose data cannot be loaded says why, and offers a retry', async () => {
  const page = await (await browser.admin()).newPage();
  await page.route('**/api/robots?*', (route) => route.fulfill(problemReply(503, 'store_unavailable')));
  await page.goto('/');
  await visible(page, 'Metrics cannot be read right now');
  await page.unroute('**/api/robots?*');
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await visible(page, 'Add the first robot');
});

it('all charts wait while the server is down, and recover together', async () => {
  const robots = await startRobots(browser.server().url);
  try {
    const page = await (await browser.admin()).newPage();
    const pathOf = (request: Request) => new URL(request.url()).pathname;
    const sent: string[] = [];
    const failed: string[] = [];
    let loading = 0;
    const count = (request: Request, by: number) => {
      if (/metrics/.test(pathOf(request))) loading += by;
    };
    page.on('request', (request) => {
      sent.push(pathOf(request));
      count(request, 1);
    });
    page.on('requestfinished', (request) => count(request, -1));
    page.on('requestfailed', (request) => {
      failed.push(pathOf(request));
      count(request, -1);
    });
    await page.goto('/');
    await page.getByRole('row').nth(1).getByRole('link').click();
    await page.locator('[data-chart] canvas').first().waitFor();
    await expect.poll(() => loading).toBe(0);
    failed.length = 0;
    await browser.server().stop();
    await visible(page, 'The server does not respond. What you see may be out of date');
    // What had been sent before may still fail.
    const atFirst = sent.length;
    await page.waitForTimeout(12_000);
    expect(sent.slice(atFirst).filter((path) => path !== '/api/health')).toEqual([]);
    expect(failed.filter((path) => /metrics/.test(path)).length).toBeLessThan(12);
    await browser.server().start();
    await page.waitForResponse((reply) => /metrics\/cpu/.test(reply.url()) && reply.ok());
    await expect.poll(() => page.getByText('What you see may be out of date').count()).toBe(0);
  } finally {
    await robots.stop();
  }
}, 120_000);

it('notices within seconds that the server is gone or does not answer any more', async () => {
  const robots = await startRobots(browser.server().url);
  try {
    const page = await (await browser.admin()).newPage();
    await page.goto('/');
    await page.getByRole('row').nth(1).waitFor();
    const gone = page.getByText('The server does not respond. What you see may be out of date');
    await browser.server().kill();
    await gone.waitFor({ timeout: 10_000 });
    const events = page.waitForResponse((reply) => reply.url().endsWith('/api/events') && reply.ok());
    await browser.server().start();
    await gone.waitFor({ state: 'hidden' });
    await events;
    browser.server().freeze();
    await gone.waitFor({ timeout: 60_000 });
    browser.server().thaw();
    await gone.waitFor({ state: 'hidden' });
  } finally {
    await robots.stop();
  }
}, 120_000);

it('an action without a form says that nothing was done, until the server responds', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/profile');
  await visible(page, 'Sessions');
  await page.route('**/api/**', (route) => route.abort());
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  const told = page.getByText('Nothing was done. Try again once the server responds.').first();
  await told.waitFor();
  await page.unroute('**/api/**');
  await told.waitFor({ state: 'hidden' });
  await visible(page, 'Sessions');
});
