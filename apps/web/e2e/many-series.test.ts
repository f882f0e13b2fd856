import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const CODE = '22360679';
const LONG = 'measurement_of_a_very_long_name_'.repeat(6);
const browser = useBrowser(withAdmin);

it('draws the leading ones of 500 series, finds the others, and fits a phone whatever their names', async () => {
  const { url } = browser.server();
  await askToPair(url, CODE);
  const { robot_id, influxdb_token } = await (await asUser(url))('POST', `/pair/${CODE}/confirm`, {});
  const now = Math.floor(Date.now() / 1000);
  const lines = [60, 50, 40, 30].flatMap((ago) => [
    ...Array.from({ length: 500 }, (_, i) => `joints,joint=j${i} load=${i} ${now - ago}`),
    `${LONG},part=${'p'.repeat(120)} temp_c=41,motor_rpm=900 ${now - ago}`,
    `oven,of=left temp_c=41 ${now - ago}\noven,of=right temp_c=1000000000 ${now - ago}`,
  ]);
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body: lines.join('\n') });
  expect(reply.status, await reply.text()).toBe(204);
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE })).newPage();
  await page.goto(`/robots/${robot_id}?range=15m`);
  const panel = page.locator('[data-chart=joints-none]');
  const entries = panel.getByRole('listitem');
  await expect.poll(() => entries.count()).toBe(12);
  expect((await entries.allInnerTexts()).map((text) => /j\d+/.exec(text)?.[0])).toContain('j499');
  await panel.getByRole('searchbox').fill('j123');
  await panel.getByRole('button', { name: 'load j123', exact: true }).click();
  await panel.getByRole('button', { name: 'load j123 123', pressed: true }).waitFor();
  await panel.getByRole('searchbox').fill('');
  await expect.poll(() => entries.count()).toBe(13);
  await panel.getByRole('button', { name: 'All 500' }).click();
  const list = await panel.getByRole('list').boundingBox();
  expect(list?.height).toBeLessThanOrEqual(130);
  await visible(page, 'Some values are off the axis, the furthest at 1e9 °C.');
  for (const part of ['temp_c', 'motor_rpm']) await page.getByRole('heading', { name: `${LONG} · ${part}` }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
});
