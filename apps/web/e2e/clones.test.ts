import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
/** Where pictures are kept, to look at them. */
const { PICTURES } = process.env;

it('two devices with one token are shown; their token is ended, and one goes on as the robot', async () => {
  const { url } = browser.server();
  const api = await asUser(url);
  await askToPair(url, '51000001');
  const { robot_id, influxdb_token } = await api('POST', '/pair/51000001/confirm', { name: 'Rover' });
  const report = async (token: string, boot: string, ageS: number) => {
    const headers = { authorization: `Bearer ${token}`, 'x-robowatch-boot': boot };
    const body = `mem used_percent=42\nsystem uptime=${ageS}i ${Date.now()}000000`;
    return (await fetch(`${url}/api/metrics`, { method: 'POST', headers, body })).status;
  };
  for (let i = 0; i < 3; i++) {
    await report(influxdb_token, '1'.repeat(32), 90_000);
    await report(influxdb_token, '2'.repeat(32), 600);
  }
  await expect.poll(async () => (await api('GET', `/robots/${robot_id}`)).cloned, { timeout: 30_000 }).toBeTruthy();
  const page = await (await browser.open({ as: ADMIN })).newPage();
  const shot = (name: string) => PICTURES && page.screenshot({ path: `${PICTURES}/${name}.png` });
  await page.goto('/');
  await page.getByRole('row', { name: 'Rover' }).getByRole('img', { name: 'Several devices report' }).waitFor();
  await shot('clones-fleet');
  await page.goto(`/robots/${robot_id}`);
  const alert = page.getByRole('alert').filter({ hasText: 'Several devices' });
  await alert.waitFor();
  expect(await alert.getByRole('listitem').count()).toBe(2);
  await shot('clones');
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot('clones-phone');
  await alert.getByRole('button', { name: 'End the token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await page.waitForTimeout(300);
  await shot('clones-ask');
  await dialog.getByRole('button', { name: 'End the token' }).click();
  await visible(page, 'No device can report as this robot');
  await shot('clones-ended');
  expect(await report(influxdb_token, '1'.repeat(32), 90_000)).toBe(401);
  await askToPair(url, '51000002');
  const anew = await api('POST', '/pair/51000002/confirm', { replaces: robot_id });
  expect(await report(anew.influxdb_token, '1'.repeat(32), 90_000)).toBe(204);
  await page.getByText('No device can report as this robot').waitFor({ state: 'hidden' });
});
