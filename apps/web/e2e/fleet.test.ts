import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, visible, withoutPolling } from './browser.ts';
import { PHONE } from './chromium.ts';
import { asUser, startRobots } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser({ ...withAdmin, ROBOT_OFFLINE_AFTER: '12' });
let robots: Awaited<ReturnType<typeof startRobots>>;
beforeAll(async () => {
  robots = await startRobots(browser.server().url, { robots: 2 });
});
afterAll(() => robots?.stop());

const names = (page: Awaited<ReturnType<Awaited<ReturnType<typeof browser.open>>['newPage']>>) =>
  page.getByRole('table').getByRole('link').locator('span:first-child').allInnerTexts();

it('shows figures and sparklines, searches, filters and sorts, and keeps all that in the URL', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/');
  const row = page.getByRole('row', { name: /courier-01/ });
  await expect.poll(() => row.innerText()).toMatch(/Online[\s\S]*\d+ %[\s\S]*°C/);
  await expect.poll(() => row.locator('svg path[d^="M"]').count()).toBeGreaterThan(0);
  await page.keyboard.press('/');
  await page.keyboard.type('arm-b');
  await expect.poll(() => names(page)).toEqual(['arm-bench']);
  await page.waitForURL(/q=arm-b/);
  expect(
    await page
      .getByText('1 robot', { exact: true })
      .first()
      .evaluate((hits) => hits.clientHeight),
  ).toBeGreaterThan(10);
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'Name' }).click();
  await page.waitForURL(/order=desc/);
  await expect.poll(() => names(page)).toEqual(['courier-01', 'arm-bench']);
  expect(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
  await page.getByRole('button', { name: /hot/ }).click();
  await page.waitForURL(/state=hot/);
  await visible(page, 'No robots match');
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('link', { name: 'arm-bench' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('courier-01');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/robots\/\d+/);
});

it('sorts cards by any figure in either direction', async () => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE })).newPage();
  await page.goto('/');
  const cards = () => page.getByRole('article').getByRole('link').allInnerTexts();
  await expect.poll(cards).toEqual(['arm-bench', 'courier-01']);
  await page.getByRole('button', { name: 'Descending' }).click();
  await page.waitForURL(/order=desc/);
  await expect.poll(cards).toEqual(['courier-01', 'arm-bench']);
  await page.getByLabel('Sort by').last().selectOption('CPU');
  await page.waitForURL(/sort=cpu_percent/);
  expect(await page.getByRole('button', { name: 'Descending' }).getAttribute('aria-pressed')).toBe('true');
});

it('remembers the choice between rows and cards', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Cards' }).click();
  await page.getByRole('article').first().waitFor();
  await page.reload();
  await page.getByRole('article').first().waitFor();
  expect(await page.getByRole('table').count()).toBe(0);
});

it('shows a thousand robots in a virtualised list', async () => {
  const page = await (await browser.admin()).newPage();
  const api = await asUser(browser.server().url);
  const [one] = (await api('GET', '/robots')).items;
  const items = Array.from({ length: 1000 }, (_, i) => ({ ...one, id: i + 1, name: `robot-${i + 1}` }));
  await page.route('**/api/robots?*', (route) => route.fulfill({ json: { items, next_cursor: null } }));
  await page.goto('/');
  await visible(page, 'robot-1');
  expect(await page.getByRole('row').count()).toBeLessThan(60);
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('1001');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await visible(page, 'robot-1000');
  expect(await page.getByRole('row').count()).toBeLessThan(60);
  await page.goto('/admin/robots');
  await visible(page, 'robot-1');
  expect(await page.getByRole('row').count()).toBe(101);
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect.poll(() => page.getByRole('row').count()).toBe(201);
  await page.getByRole('searchbox').fill('robot-1000');
  await expect.poll(() => page.getByRole('row').count()).toBe(2);
});

it('refetches a robot when it reports, but not the charts of a fixed range', async () => {
  const page = await (await browser.admin()).newPage();
  const api = await asUser(browser.server().url);
  const { id } = (await api('GET', '/robots')).items[0];
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const count = (path: RegExp) => asked.filter((one) => path.test(one)).length;
  const now = Date.now();
  const [from, to] = [now - 300_000, now - 60_000].map((time) => new Date(time).toISOString());
  await page.goto(`/robots/${id}?from=${from}&to=${to}`);
  await page.locator('[data-chart] canvas').first().waitFor();
  await page.waitForLoadState('load');
  const charts = count(/metrics\/\w+$/);
  const before = count(/robots\/\d+$/);
  await expect.poll(() => count(/robots\/\d+$/)).toBeGreaterThan(before + 2);
  expect(count(/metrics\/\w+$/)).toBe(charts);
});

it('says that a range has no data, and offers one that has', async () => {
  const page = await (await browser.admin()).newPage();
  const { id } = (await (await asUser(browser.server().url))('GET', '/robots')).items[0];
  await page.goto(`/robots/${id}?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z`);
  await visible(page, 'No data in this range');
  expect(await page.locator('[data-chart]').count()).toBe(0);
  await page.getByRole('button', { name: 'Show the newest data' }).click();
  await page.locator('[data-chart] canvas').first().waitFor();
});

it('is updated by events: a robot is renamed elsewhere, another one goes offline', async () => {
  const context = await browser.admin();
  await withoutPolling(context);
  const page = await context.newPage();
  await page.goto('/');
  await page.getByRole('link', { name: 'courier-01' }).waitFor();
  const api = await asUser(browser.server().url);
  const courier = (await api('GET', '/robots')).items.find((robot: { name: string }) => robot.name === 'courier-01');
  await api('PATCH', `/robots/${courier.id}`, { name: 'renamed-elsewhere' });
  await page.getByRole('link', { name: 'renamed-elsewhere' }).waitFor();
  await robots.stop();
  await page.getByRole('row', { name: /renamed-elsewhere.*Offline/ }).waitFor({ timeout: 45_000 });
  await expect.poll(() => page.getByRole('button', { name: /offline/ }).innerText()).toMatch(/2/);
});
