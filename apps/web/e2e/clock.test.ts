import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const DAY_S = 86_400;
/** Where pictures are kept, to look at them. */
const { PICTURES } = process.env;
const browser = useBrowser(withAdmin);

it.each([
  ['ahead', '31622776', DAY_S - 300],
  ['behind', '31622777', -DAY_S],
  ['right', '31622778', 0],
])('shows the last hour of a robot whose clock is %s, and says if it is wrong', async (word, code, offset) => {
  const { url } = browser.server();
  await askToPair(url, code, `robot-${word}`);
  const api = await asUser(url);
  const { robot_id, influxdb_token } = await api('POST', `/pair/${code}/confirm`, { name: `robot-${word}` });
  const now = Math.floor(Date.now() / 1000) + offset;
  const lines = [40, 30, 20, 10].map((ago) => `mem used_percent=42 ${now - ago}`);
  const body = [...lines, `syslog message="Said by the robot",level="info",program="init" ${now - 15}`].join('\n');
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body });
  expect(reply.status, await reply.text()).toBe(204);
  await expect
    .poll(async () => (await api('GET', `/robots/${robot_id}`)).clock_skew_ms)
    .toSatisfy((skew) => skew !== null && Math.abs(skew / 1000 - offset) < 60);
  const page = await (await browser.open({ as: ADMIN })).newPage();
  const mark = (scope: ReturnType<typeof page.locator>) => scope.getByRole('img', { name: `clock is` });
  await page.goto('/');
  const row = page.getByRole('row', { name: `robot-${word}` });
  await row.waitFor();
  expect(await mark(row).count()).toBe(offset ? 1 : 0);
  if (offset) expect(await mark(row).getAttribute('title')).toContain(word);
  await page.goto(`/robots/${robot_id}?range=15m`);
  if (offset) await mark(page.locator('main')).waitFor();
  await page.locator('[data-chart=mem] canvas').waitFor();
  expect(await page.getByText('No data in this range').count()).toBe(0);
  await page.locator('[data-chart=mem] li').getByText('42 %').waitFor();
  expect(await page.getByRole('button', { name: 'Live' }).count()).toBe(1);
  await page.goto(`/robots/${robot_id}/logs?range=15m`);
  await visible(page, 'Said by the robot');
  if (!offset) expect(await mark(page.locator('main')).count()).toBe(0);
  await page.setViewportSize(PHONE);
  await page.goto('/');
  const card = page.getByRole('article').filter({ hasText: `robot-${word}` });
  await card.waitFor();
  expect(await mark(card).count()).toBe(offset ? 1 : 0);
});

it('says that an impossible clock was corrected, and shows its data where it arrived', async () => {
  const { url } = browser.server();
  await askToPair(url, '31622779', 'robot-lost');
  const api = await asUser(url);
  const { robot_id, influxdb_token } = await api('POST', '/pair/31622779/confirm', { name: 'robot-lost' });
  const body = [60, 70, 80, 90].map((at) => `mem used_percent=42 ${at}`).join('\n');
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const reply = await fetch(`${url}/api/metrics?precision=s`, { method: 'POST', headers, body });
  expect(reply.status, await reply.text()).toBe(204);
  const page = await (await browser.open({ as: ADMIN })).newPage();
  await page.goto(`/robots/${robot_id}?range=15m`);
  await visible(page, /Its clock was wrong.*1 Jan 1970/);
  await page.locator('[data-chart=mem] li').getByText('42 %').waitFor();
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/clock.png`, fullPage: true });
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: 'dark' });
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/clock-phone.png` });
});
