import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
const CODE = '14142135';
let id: number;

beforeAll(async () => {
  const { url } = browser.server();
  await askToPair(url, CODE, 'absurd');
  const { robot_id, influxdb_token } = await (await asUser(url))('POST', `/pair/${CODE}/confirm`, { name: 'absurd' });
  id = robot_id;
  const now = Math.floor(Date.now() / 1000);
  const lines = Array.from({ length: 40 }, (_, i) => [
    `mem used_percent=${i === 30 ? '1e9' : 40} ${now - 5 * (40 - i)}`,
    `temp,sensor=a temp=${i === 20 ? '1.7e308' : 41} ${now - 5 * (40 - i)}`,
    `large value=${1e9 + i * 1e8} ${now - 5 * (40 - i)}`,
    `tiny value=5e-324 ${now - 5 * (40 - i)}`,
  ]);
  const last = ['cpu,cpu=cpu-total usage_idle=-1e9', 'mem used_percent=1.7e308', 'disk,path=/ used_percent=-1e9'];
  last.push('temp,sensor=a temp=-1.7e308', 'system load1=1e9,uptime=9223372036854775807i');
  const body = [...lines.flat(), ...last.map((line) => `${line} ${now}`)].join('\n');
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body });
  expect(reply.status, await reply.text()).toBe(204);
});

const isWithin = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Overlapping pieces of text within each row or card that `selector` finds. */
const overlaps = (page: Page, selector: string) =>
  page.evaluate((selector) => {
    const pieces = [...document.querySelectorAll<HTMLElement>(selector)]
      .filter((piece) => piece.offsetParent && piece.childElementCount === 0 && piece.innerText.trim())
      .map((piece) => {
        const range = document.createRange();
        range.selectNodeContents(piece);
        return { text: piece.innerText, box: range.getBoundingClientRect() };
      });
    return pieces.flatMap((one, i) =>
      pieces.slice(i + 1).flatMap((other) => {
        const isBeside = one.box.right <= other.box.left + 1 || other.box.right <= one.box.left + 1;
        const isBelow = one.box.bottom <= other.box.top + 1 || other.box.bottom <= one.box.top + 1;
        return isBeside || isBelow ? [] : [`${one.text} | ${other.text}`];
      }),
    );
  }, selector);

it.each([
  ['rows', DESKTOP],
  ['rows', PHONE],
  ['cards', DESKTOP],
  ['cards', PHONE],
])('absurd figures do not overlap anything: %s, %o', async (view, viewport) => {
  const context = await browser.open({ as: ADMIN, viewport });
  await context.addInitScript((view) => {
    if (location.protocol !== 'about:') localStorage.setItem('robowatch.fleet-view', view);
  }, view);
  const page = await context.newPage();
  await page.goto('/');
  await visible(page, 'absurd');
  await visible(page, '1e9 %');
  await page.waitForTimeout(1_500);
  expect(await isWithin(page)).toBe(true);
  const pieces =
    view === 'rows' ? '[role=rowgroup]:last-child [role=cell] span' : 'article dt, article dd span, article p span';
  expect(await overlaps(page, pieces)).toEqual([]);
});

it.each([DESKTOP, PHONE])('they neither widen a robot page nor are truncated: %o', async (viewport) => {
  const page = await (await browser.open({ as: ADMIN, viewport })).newPage();
  await page.goto(`/robots/${id}?range=15m`);
  await visible(page, /Some values are off the axis, the furthest at -?[\d.]+e30\d °C/);
  expect(await isWithin(page)).toBe(true);
  for (let left = 2; left > 0; left--) await page.getByRole('button', { name: 'Fit all values' }).first().click();
  expect(await isWithin(page)).toBe(true);
});
