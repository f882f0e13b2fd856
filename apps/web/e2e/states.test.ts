import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axeCore from 'axe-core';
import { expect, it } from 'vitest';
import { useBrowser } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const CODE = '14142135';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = useBrowser(withAdmin);

async function pairRobot(code: string) {
  const { url } = browser.server();
  await askToPair(url, code);
  const { robot_id, influxdb_token } = await (await asUser(url))('POST', `/pair/${code}/confirm`, {});
  return {
    id: robot_id,
    async send(body: string) {
      const headers = { authorization: `Bearer ${influxdb_token}` };
      const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body });
      expect(reply.status, await reply.text()).toBe(204);
    },
  };
}

it("shows a robot's booleans and strings over time, and new values as they arrive", async () => {
  const robot = await pairRobot(CODE);
  const now = Math.floor(Date.now() / 1000);
  await robot.send([60, 50, 40, 30, 20].map((ago) => `state,part=arm estop=false,mode="idle" ${now - ago}`).join('\n'));
  const page = await (await browser.open({ as: ADMIN })).newPage();
  await page.goto(`/robots/${robot.id}?range=15m`);
  const states = page.locator('[data-states]');
  const row = (name: string) => states.locator('dl > div').filter({ hasText: name });
  await row('state estop arm').getByText('no', { exact: true }).first().waitFor();
  await row('state mode arm').getByText('idle', { exact: true }).first().waitFor();
  await robot.send(`state,part=arm estop=true,mode="fault: arm" ${now - 5}\nbody firmware="2.4.1" ${now - 5}`);
  await row('state estop arm').locator('dd').first().getByText('yes', { exact: true }).waitFor();
  await row('state mode arm').locator('dd').first().getByText('fault: arm', { exact: true }).waitFor();
  await row('body firmware').getByText('2.4.1', { exact: true }).first().waitFor();
  const spans = row('state mode arm').locator('[title*="–"]');
  expect(await spans.allTextContents()).toEqual(['idle', 'fault: arm']);
  await page.getByRole('button', { name: 'As a list' }).click();
  await page.getByRole('cell', { name: 'fault: arm' }).waitFor();
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axeCore }).axe.run('[data-states]'),
  );
  expect(violations.map(({ id }) => id)).toEqual([]);
});

it('collapses many rows, and fits a phone whatever the names of the states', async () => {
  const robot = await pairRobot('14142136');
  const fields = Array.from({ length: 30 }, (_, i) => `flag_${String(i).padStart(2, '0')}=true`).join();
  await robot.send(
    `${'very_long_measurement_'.repeat(8)},part=${'p'.repeat(90)} ${fields},note="${'word'.repeat(300)}"`,
  );
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, locale: 'ru-RU' })).newPage();
  await page.goto(`/robots/${robot.id}`);
  const rows = page.locator('[data-states] dt[title]');
  await expect.poll(() => rows.count()).toBe(8);
  await page.getByRole('button', { name: 'Показать все: 31' }).click();
  await expect.poll(() => rows.count()).toBe(31);
  await page.getByRole('button', { name: 'Списком' }).click();
  await page.getByRole('table').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
});

it('shows batteries and components of ROS by their names and units, what is wrong first', async () => {
  const robot = await pairRobot('14142137');
  const now = Math.floor(Date.now() / 1000);
  const parts = Array.from({ length: 9 }, (_, i) => `part_${i}`);
  const lines = [30, 20, 10].flatMap((ago) => [
    `ros_battery,name=/battery percent=62.5,volt=24.5,ampere=-4,watt=-98,temperature_c=31,status="Discharging",health="Good" ${now - ago}`,
    `ros_diagnostics,component=zed\\ camera level=2i,state="error",message="no frames" ${now - ago}`,
    ...parts.map((name) => `ros_diagnostics,component=${name} level=0i,state="ok",message="" ${now - ago}`),
  ]);
  await robot.send(lines.join('\n'));
  const page = await (await browser.open({ as: ADMIN, locale: 'ru-RU' })).newPage();
  await page.goto(`/robots/${robot.id}?range=15m`);
  for (const [part, value] of [
    ['заряд', '63 %'],
    ['напряжение', '24,5 В'],
    ['ток', '-4 А'],
    ['мощность', '-98 Вт'],
    ['температура', '31 °C'],
  ] as const) {
    const chart = page.locator('[data-chart]').filter({ hasText: `Батареи (ROS) · ${part}` });
    await expect.poll(async () => (await chart.innerText()).replaceAll('\u00a0', ' ')).toContain(value);
  }
  const first = page.locator('[data-states] dl > div').first();
  await expect.poll(() => first.locator('dt').innerText()).toMatch(/Компоненты \(ROS\) zed camera\s+no frames/);
  expect(await first.locator('dd').first().innerText()).toBe('ошибка');
  await page.getByText('разряжается').first().waitFor();
  await page.getByText('исправна').first().waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/ros.png`, fullPage: true });
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axeCore }).axe.run('[data-states]'),
  );
  expect(violations.map(({ id }) => id)).toEqual([]);
});
