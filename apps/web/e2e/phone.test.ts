import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { asUser, startRobots } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const LONG = 'warehouse-north-inventory-scanner-017';
const browser = useBrowser(withAdmin);
let robots: Awaited<ReturnType<typeof startRobots>>;
let id: number;
beforeAll(async () => {
  robots = await startRobots(browser.server().url, { robots: 2 });
  const api = await asUser(browser.server().url);
  id = (await api('GET', '/robots')).items[0].id;
  await api('PATCH', `/robots/${id}`, { name: LONG });
});
afterAll(() => robots?.stop());

const open = async (path: string, options = {}) => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, locale: 'ru-RU', ...options })).newPage();
  await page.goto(path);
  return page;
};
/** Whether all of the text is visible: not truncated, off the screen or covered. */
const isWhole = (text: Locator) =>
  text.evaluate((element) => {
    element.scrollIntoView({ block: 'center' });
    const range = document.createRange();
    range.selectNodeContents(element);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    const isBare = (x: number) => {
      const found = document.elementsFromPoint(x, middle);
      const above = found.slice(0, found.indexOf(element)).filter((other) => !element.contains(other));
      const isOpaque = (other: Element) => getComputedStyle(other).backgroundColor !== 'rgba(0, 0, 0, 0)';
      return found.includes(element) && !above.some(isOpaque);
    };
    // A hundredth of a pixel too little is enough for an ellipsis.
    const isCut =
      right > element.getBoundingClientRect().right + 0.01 && getComputedStyle(element).overflow !== 'visible';
    return !isCut && [left + 1, right - 1].every(isBare);
  });
/** The API's reply, changed. */
async function withRobots(page: Page, change: object): Promise<void> {
  const { items } = await (await asUser(browser.server().url))('GET', '/robots');
  const json = { items: items.map((one: object) => ({ ...one, ...change })), next_cursor: null };
  await page.route('**/api/robots?*', (route) => route.fulfill({ json }));
}
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

it('the navigation closes on Escape, and when something else is opened', async () => {
  const page = await open('/', { locale: 'en-GB' });
  const toggle = page.getByRole('button', { name: 'Navigation' });
  const link = page.getByRole('navigation', { name: 'Navigation' }).getByRole('link', { name: 'Users' });
  await toggle.click();
  await link.waitFor();
  await page.keyboard.press('Escape');
  await link.waitFor({ state: 'hidden' });
  expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true);
  await toggle.click();
  await link.waitFor();
  await page.getByRole('button', { name: 'Account' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  expect(await link.isVisible()).toBe(false);
});

it.each(['Ошибка', 'Приём отключён'])('a card shows the full state beside a long name: %s', async (state) => {
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, locale: 'ru-RU' })).newPage();
  const status = state === 'Ошибка' ? 'error' : 'inactive';
  await withRobots(page, { status, online: true, last_seen_at: minutesAgo(44), clock_skew_ms: -86_400_000 });
  await page.goto('/');
  const card = page.getByRole('article').filter({ hasText: LONG });
  await card.waitFor();
  expect(await isWhole(card.getByText(state, { exact: true }))).toBe(true);
  expect(await isWhole(card.getByText(/44 мин\S* назад/))).toBe(true);
});

it('a row on a desktop shows the full state rather than the time', async () => {
  const page = await (await browser.open({ as: ADMIN, viewport: DESKTOP, locale: 'ru-RU' })).newPage();
  await withRobots(page, { status: 'error', online: true, last_seen_at: minutesAgo(44) });
  await page.goto('/');
  const row = page.getByRole('row').filter({ hasText: LONG });
  await row.waitFor();
  expect(await isWhole(row.getByText('Ошибка', { exact: true }))).toBe(true);
});

it('the tables of users and robots show the state on a phone', async () => {
  const users = await open('/admin/users');
  await users.getByRole('cell').first().waitFor();
  expect(await isWhole(users.getByText('Активен').filter({ visible: true }).first())).toBe(true);
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, locale: 'ru-RU' })).newPage();
  await withRobots(page, { status: 'inactive', last_seen_at: minutesAgo(44) });
  await page.goto('/admin/robots');
  await page.getByRole('cell').first().waitFor();
  expect(await isWhole(page.getByRole('cell').getByText('Приём отключён').first())).toBe(true);
});

it('the audit log shows target, action and address without scrolling sideways', async () => {
  const page = await open('/admin/audit', { locale: 'en-GB' });
  const row = page.getByRole('row').filter({ hasText: 'changed a robot' });
  await row.waitFor();
  for (const text of [LONG, /^name: /, '127.0.0.1'])
    expect(await isWhole(row.getByText(text).filter({ visible: true }).first()), String(text)).toBe(true);
});

it('the log filters have room for their text, and the program is beside the first line', async () => {
  const page = await open(`/robots/${id}/logs`);
  const field = page.getByRole('searchbox');
  await field.waitFor();
  const room = await field.evaluate((input: HTMLInputElement) => {
    const style = getComputedStyle(input);
    const pen = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
    pen.font = style.font;
    const inside = input.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    return inside - pen.measureText(input.placeholder).width;
  });
  expect(room).toBeGreaterThan(0);
  await page.setViewportSize({ width: 700, height: 800 });
  await page.route('**/logs?*', (route) => {
    const entry = { time: minutesAgo(1), level: 'info', program: 'init', message: 'a\nb\nc\nd' };
    return route.fulfill({ json: { items: [entry], next_cursor: null } });
  });
  await page.reload();
  const program = page.getByRole('listitem').getByRole('button', { name: 'init' });
  await program.waitFor();
  const topOf = (locator: Locator) => locator.evaluate((element) => element.getBoundingClientRect());
  const [name, entry] = [await topOf(program), await topOf(page.getByRole('listitem').first())];
  expect(name.height).toBeLessThan(entry.height / 2);
  expect(name.top - entry.top).toBeLessThan(8);
});
