import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { launchWithoutCookies } from './chromium.ts';
import { startRobots } from './robots.ts';
import { withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
let robots: Awaited<ReturnType<typeof startRobots>>;
beforeAll(async () => {
  robots = await startRobots(browser.server().url, { robots: 2 });
});
afterAll(() => robots?.stop());

const APP = /\/assets\/start-[\w-]+\.js$/;
const FLEET = /\/api\/robots\?limit=/;

it("requests the session and the fleet before the app's code has loaded, and paints the name", async () => {
  const page = await (await browser.admin()).newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const release = Promise.withResolvers<void>();
  await page.route(APP, async (route) => {
    await release.promise;
    await route.continue();
  });
  await page.goto('/', { waitUntil: 'commit' });
  await page.waitForResponse(FLEET);
  await page.locator('#app', { hasText: 'Robowatch' }).waitFor();
  await expect.poll(() => asked.some((path) => path.includes('/assets/signed-in-'))).toBe(true);
  expect(await page.getByRole('main').count()).toBe(0);
  release.resolve();
  await visible(page, 'courier-01');
  expect(asked.filter((path) => path === '/api/auth/refresh')).toHaveLength(1);
});

it('retries an early request that has failed', async () => {
  const page = await (await browser.admin()).newPage();
  const failed: string[] = [];
  for (const path of ['**/api/auth/refresh', FLEET]) {
    await page.route(
      path,
      (route) => {
        failed.push(route.request().url());
        return route.abort();
      },
      { times: 1 },
    );
  }
  await page.goto('/');
  await visible(page, 'courier-01');
  expect(failed).toHaveLength(2);
});

it('does not look for a session on the pages of one-time links', async () => {
  const page = await (await browser.admin()).newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/invitation', { waitUntil: 'networkidle' });
  await page.getByRole('heading').first().waitFor();
  expect(asked.filter((path) => /refresh|signed-in|robots/.test(path))).toEqual([]);
});

it('every URL of the app can be opened directly, with navigation', async () => {
  const page = await (await browser.admin()).newPage();
  for (const path of ['/', '/pair', '/profile', '/admin/users', '/admin/robots', '/admin/audit', '/nowhere']) {
    await page.goto(path);
    await page.getByRole('navigation').getByRole('link', { name: 'Audit log' }).waitFor();
    await page.getByRole('button', { name: 'Account' }).waitFor();
    expect((await page.getByRole('main').innerText()).length, path).toBeGreaterThan(0);
  }
});

it.each([
  ['en-GB', 'Cookies are blocked', 'Try again'],
  ['ru-RU', 'Файлы cookie заблокированы', 'Повторить'],
])('says in %s that cookies are blocked, and looks again', async (locale, title, again) => {
  const context = await launchWithoutCookies({ locale });
  try {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    await page.goto(`${browser.server().url}/robots/7`);
    await page.getByRole('heading', { name: title }).waitFor();
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: again }).click()]);
    await page.getByRole('heading', { name: title }).waitFor();
    expect(faults).toEqual([]);
  } finally {
    await context.close();
  }
});
