import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { asUser, manyCodes, startFleet } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const ROBOTS = 160;
const browser = useBrowser({ ...withAdmin, ...manyCodes });
let fleet: Awaited<ReturnType<typeof startFleet>>;
beforeAll(async () => {
  fleet = await startFleet(browser.server().url, ROBOTS);
});
afterAll(() => fleet?.stop());

/** Waits until the robots' figures have been updated this many times. */
async function updates(page: Page, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await page.waitForResponse((response) => /\/api\/robots\?/.test(response.url()) && response.ok());
}

/** The names of the visible robots, from top to bottom. */
const inView = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main a')]
      .filter((link) => /^unit-/.test(link.textContent ?? ''))
      .map((link) => ({ name: (link.textContent ?? '').slice(0, 8), box: link.getBoundingClientRect() }))
      .filter(({ box }) => box.top >= 90 && box.bottom <= innerHeight)
      .sort((a, b) => a.box.top - b.box.top)
      .map(({ name }) => name),
  );

it.each([
  ['a table on a desktop', DESKTOP, 15],
  ['cards on a phone', PHONE, 4],
])('keeps %s filled while figures arrive, at any scroll position', async (_name, viewport, least) => {
  const page = await (await browser.open({ as: ADMIN, viewport })).newPage();
  await page.goto('/');
  await expect.poll(async () => (await inView(page)).length).toBeGreaterThanOrEqual(least);
  for (const share of [0.1, 0.35, 0.7, 1]) {
    await page.evaluate((share) => scrollTo(0, (document.body.scrollHeight - innerHeight) * share), share);
    await expect.poll(async () => (await inView(page)).length).toBeGreaterThanOrEqual(least);
    const before = await inView(page);
    await updates(page, 3);
    expect(await inView(page)).toEqual(before);
  }
  expect((await inView(page)).at(-1)).toBe(`unit-${ROBOTS}`);
});

it('fetches the whole list once, then only robots that have reported', async () => {
  const page = await (await browser.admin()).newPage();
  const asked: URL[] = [];
  page.on('request', (request) => /\/api\/robots\?/.test(request.url()) && asked.push(new URL(request.url())));
  await page.goto('/');
  await visible(page, 'unit-001');
  await updates(page, 4);
  const news = asked.filter(({ searchParams }) => searchParams.has('id'));
  expect(news.length).toBeGreaterThanOrEqual(3);
  expect(asked.length - news.length).toBeLessThanOrEqual(2);
  const heard = news.flatMap(({ searchParams }) => searchParams.getAll('id'));
  expect(new Set(heard).size).toBe(ROBOTS);
});

it('sorts by a live figure, but not while the pointer is on the list', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/?sort=cpu_percent&order=desc');
  await visible(page, /unit-/);
  const figures = () => page.getByRole('row').allInnerTexts();
  const said = await figures();
  await page.getByRole('row').nth(5).hover();
  await expect.poll(figures, { interval: 100 }).not.toEqual(said);
  const held = await inView(page);
  await updates(page, 2);
  expect(await inView(page)).toEqual(held);
  await page.mouse.move(5, 5);
  await expect.poll(() => inView(page)).not.toEqual(held);
  expect(await inView(page)).toHaveLength(held.length);
});

it('sorts cards by a live figure, but not just after scrolling', async () => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, hasTouch: true })).newPage();
  await page.goto('/?sort=cpu_percent&order=desc');
  await visible(page, /unit-/);
  await page.evaluate(() => scrollTo(0, 3_000));
  await expect.poll(async () => (await inView(page)).length).toBeGreaterThan(3);
  await updates(page, 1);
  await page.evaluate(() => scrollTo(0, 3_100));
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(3_100);
  const held = await inView(page);
  const figures = () => page.getByRole('article').allInnerTexts();
  const said = await figures();
  await updates(page, 3);
  expect(await figures()).not.toEqual(said);
  expect(await inView(page)).toEqual(held);
  await page.evaluate(() => scrollTo(0, 0));
  const top = await inView(page);
  await expect.poll(() => inView(page)).not.toEqual(top);
});

it.each([1280, 1440, 1920])('shows full names on a screen %i px wide and truncates hostnames first', async (width) => {
  const page = await (await browser.open({ as: ADMIN, viewport: { width, height: 800 } })).newPage();
  const name = 'unit-warehouse-north-017';
  const api = await asUser(browser.server().url);
  const [{ id }] = (await api('GET', '/robots?q=unit-001&limit=1')).items;
  await api('PATCH', `/robots/${id}`, { name });
  await page.goto('/?q=warehouse');
  const shown = page.getByText(name, { exact: true });
  await shown.waitFor();
  expect(await shown.evaluate((cell) => cell.scrollWidth <= cell.clientWidth)).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});
