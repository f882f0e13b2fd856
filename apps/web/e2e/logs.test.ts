import { beforeAll, expect, it } from 'vitest';
import { useBrowser } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const CODE = '14142135';
const LONG = `https://lab.example/${'x'.repeat(400)}/end`;
const browser = useBrowser(withAdmin);
let path: string;
let send: (program: string, message: string) => Promise<void>;

beforeAll(async () => {
  const { url } = browser.server();
  await askToPair(url, CODE);
  const { robot_id, influxdb_token } = await (await asUser(url))('POST', `/pair/${CODE}/confirm`, {});
  send = async (program, message) => {
    const body = `syslog message="${message}",level="info",program="${program}"`;
    const headers = { authorization: `Bearer ${influxdb_token}` };
    expect((await fetch(`${url}/api/metrics`, { method: 'POST', headers, body })).status).toBe(204);
  };
  await send('uploader', LONG);
  await send('sshd', 'accepted a key');
  path = `/robots/${robot_id}/logs`;
});

it.each([PHONE, { width: 1440, height: 900 }])(
  'shows all of a message without spaces at $width px',
  async (viewport) => {
    const page = await (await browser.open({ as: ADMIN, viewport })).newPage();
    await page.goto(path);
    const message = page.getByText(LONG);
    await message.waitFor();
    const rightOf = (selector: string) =>
      message.evaluate((element, selector) => {
        const range = document.createRange();
        range.selectNodeContents(element.closest(selector) as Element);
        return Math.max(...[...range.getClientRects()].map(({ right }) => right));
      }, selector);
    expect(await rightOf('span')).toBeLessThanOrEqual(await rightOf('ol'));
    expect(await message.evaluate((element) => element.getBoundingClientRect().right)).toBeLessThanOrEqual(
      viewport.width,
    );
  },
);

it('a robot that only logs is not said to have sent nothing', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto(path.replace('/logs', ''));
  await page.getByText('This robot has sent no figures yet. What it logs is under Logs.').waitFor();
});

it('filters by what is typed, and its fields follow the URL', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto(path);
  await page.getByRole('button', { name: 'sshd' }).click();
  await page.waitForURL(/program=sshd/);
  await expect.poll(() => page.getByRole('listitem').count()).toBe(1);
  await page.getByRole('link', { name: 'Logs' }).click();
  await page.waitForURL(/logs$/);
  await expect.poll(() => page.getByRole('listitem').count()).toBe(2);
  await expect.poll(() => page.getByRole('combobox', { name: 'Program' }).inputValue()).toBe('');
  await page.goBack();
  await expect.poll(() => page.getByRole('combobox', { name: 'Program' }).inputValue()).toBe('sshd');
  await page.waitForURL(/program=sshd/);
});
