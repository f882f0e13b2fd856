import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { useBrowser } from './browser.ts';
import { askToPair, asUser } from './robots.ts';
import { withAdmin } from './server.ts';

const HOUR_S = 3600;
const STEP_S = 10;
/** The minutes without data in the hour shown. */
const GAP = { from: 25, to: 35 };
const CODE = '17320508';
const LAST = 'wheels-none';
const browser = useBrowser(withAdmin);
const to = Math.floor(Date.now() / 1000 / STEP_S) * STEP_S - 60;
let path: string;

beforeAll(async () => {
  const { url } = browser.server();
  await askToPair(url, CODE);
  const api = await asUser(url);
  const { robot_id, influxdb_token } = await api('POST', `/pair/${CODE}/confirm`, {});
  const lines: string[] = [];
  for (let time = to - 2 * HOUR_S; time <= to; time += STEP_S) {
    const minute = (time - (to - HOUR_S)) / 60;
    if (minute > GAP.from && minute < GAP.to) continue;
    for (const name of ['mem', 'disk', 'batterypack', 'grip', 'laser', 'motor', 'sonar'])
      lines.push(`${name} used_percent=${40 + (time % 60)} ${time}`);
    lines.push(`wheels slip=${10 + (time % 90)} ${time}`);
  }
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body: lines.join('\n') });
  expect(reply.status).toBe(204);
  const [from, until] = [to - HOUR_S, to].map((seconds) => new Date(seconds * 1000).toISOString());
  path = `/robots/${robot_id}?from=${from}&to=${until}`;
});

interface Drawn {
  /** Where the line starts and where it is broken, as shares of the plot's width. */
  start: number;
  gap: [from: number, to: number];
}

/** Null until something is drawn. */
function drawnIn(page: Page, chart: string): Promise<Drawn | null> {
  return page.locator(`[data-chart=${chart}]`).evaluate((panel) => {
    const [canvas, over] = [panel.querySelector('canvas'), panel.querySelector<HTMLElement>('.u-over')];
    if (!canvas || !over) return null;
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = over;
    const pixels = canvas.getContext('2d')?.getImageData(left, top, width, height).data ?? [];
    // The grid is grey, the line is coloured.
    const isLine = (x: number, y: number) => {
      const at = 4 * (y * width + x);
      return Math.abs((pixels[at] ?? 0) - (pixels[at + 2] ?? 0)) > 80;
    };
    const rows = Array.from({ length: height }, (_, y) => y);
    const drawn = Array.from({ length: width }, (_, x) => rows.some((y) => isLine(x, y)));
    const first = drawn.indexOf(true);
    const from = drawn.indexOf(false, first);
    const to = drawn.indexOf(true, from);
    return first < 0 ? null : { start: first / width, gap: [from / width, to / width] };
  });
}

const expectGap = (page: Page, chart: string, moved: number) =>
  expect
    .poll(async () => (await drawnIn(page, chart))?.gap.map((share) => Math.round((share - moved) * 60)), {
      timeout: 10_000,
    })
    .toEqual([GAP.from, GAP.to]);

/** Drags into the past by a share of the plot's width. */
async function pan(page: Page, chart: string, share: number): Promise<void> {
  const plot = page.locator(`[data-chart=${chart}] .u-over`);
  await plot.hover();
  const width = await plot.evaluate((over) => over.clientWidth);
  for (let step = 0; step < 4; step++) await page.mouse.wheel((-width * share) / 4, 0);
}

it('pans lines and gaps correctly, both before and after the data of the new range has loaded', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto(path);
  await expectGap(page, 'mem', 0);
  const asked: (() => void)[] = [];
  await page.route(/\/metrics\/\w+\?/, (route) => void asked.push(() => route.continue()));
  await pan(page, 'mem', 0.25);
  await expectGap(page, 'mem', 0.25);
  await expect.poll(() => asked.length).toBeGreaterThan(1);
  await expectGap(page, 'mem', 0.25);
  const plot = await page.locator('[data-chart=mem] .u-over').elementHandle();
  for (const answer of asked) answer();
  await expect.poll(async () => (await drawnIn(page, 'mem'))?.start).toBeLessThan(0.01);
  await expectGap(page, 'mem', 0.25);
  // The plot is not replaced during a drag.
  expect(await plot?.evaluate((over) => over.isConnected)).toBe(true);
});

it('draws a chart when it comes near the screen, over the range the others were panned to', async () => {
  const page = await (await browser.open({ as: 'ada@lab.example', viewport: { width: 1000, height: 500 } })).newPage();
  await page.goto(path);
  await expectGap(page, 'mem', 0);
  expect(await page.locator(`[data-chart=${LAST}] canvas`).count()).toBe(0);
  await page.locator(`[data-chart=${LAST}]`).scrollIntoViewIfNeeded();
  await expectGap(page, LAST, 0);
  await page.locator('[data-chart=mem]').scrollIntoViewIfNeeded();
  await pan(page, 'mem', 0.25);
  await expectGap(page, 'mem', 0.25);
  await page.locator(`[data-chart=${LAST}]`).scrollIntoViewIfNeeded();
  await expectGap(page, LAST, 0.25);
});

it('selects a range by dragging, then has no cursor until the pointer moves', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto(path);
  await expectGap(page, 'mem', 0);
  const panel = page.locator('[data-chart=mem]');
  const { x, y, width, height } = (await panel.locator('.u-over').boundingBox()) as NonNullable<
    Awaited<ReturnType<ReturnType<Page['locator']>['boundingBox']>>
  >;
  const crosshair = panel.locator('.u-cursor-x');
  await page.mouse.move(x + width * 0.1, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.3, y + height / 2, { steps: 5 });
  expect(await crosshair.getAttribute('class')).not.toContain('u-off');
  const asked = page.waitForResponse(/metrics\/mem/);
  await page.mouse.up();
  await asked;
  await expect.poll(() => crosshair.getAttribute('class')).toContain('u-off');
  const isLast = async () => (await panel.locator('h2 + span').innerText()) === '';
  expect(await isLast()).toBe(true);
  await page.mouse.move(x + width * 0.5, y + height / 2);
  await expect.poll(() => crosshair.getAttribute('class')).not.toContain('u-off');
  expect(await isLast()).toBe(false);
});
