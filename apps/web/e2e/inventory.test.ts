import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser(withAdmin);
/** Where pictures are kept, to look at them. */
const { PICTURES } = process.env;
const HOSTILE = '<img src=x onerror=alert(1)>';

async function paired(code: string, name: string, inventory?: string) {
  const { url } = browser.server();
  const api = await asUser(url);
  await askToPair(url, code, name === 'Rover' ? 'rover-pi' : name);
  const { robot_id, influxdb_token } = await api('POST', `/pair/${code}/confirm`, { name });
  const lines = ['cpu,cpu=cpu-total usage_idle=60', 'mem used_percent=42', 'system load1=0.4,uptime=90000i'];
  if (inventory) lines.push(`inventory ${inventory}`);
  const headers = { authorization: `Bearer ${influxdb_token}` };
  const { status } = await fetch(`${url}/api/metrics`, { method: 'POST', headers, body: lines.join('\n') });
  expect(status).toBe(204);
  const isKnown = async () => (await api('GET', `/robots/${robot_id}`)).inventory !== null;
  if (inventory) await expect.poll(isKnown, { timeout: 30_000 }).toBe(true);
  return robot_id as number;
}

it('what a robot is is on its page and in the fleet, where it is found by it', async () => {
  const PI = 'model="Raspberry Pi 5 Model B Rev 1.0",os="Debian GNU/Linux 12 (bookworm)"';
  const rover = await paired(
    '52000001',
    'Rover',
    `${PI},kernel="6.6.51+rpt-rpi-2712",agent="1.37.0",serial="0x4a1b22c9"`,
  );
  const older = await paired('52000002', 'older-agent');
  const hostile = await paired('52000003', 'hostile', `model="${HOSTILE}",os="${'long '.repeat(60)}"`);
  const page = await (await browser.open({ as: ADMIN })).newPage();
  const shoot = async (name: string) => {
    if (!PICTURES) return;
    for (const colorScheme of ['light', 'dark'] as const)
      for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await page.waitForTimeout(700);
        await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}-${size}.png` });
      }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(DESKTOP);
  };
  await page.goto('/');
  await page.getByRole('row', { name: 'Rover' }).getByText('rover-pi · Raspberry Pi 5 Model B Rev 1.0').waitFor();
  await page.getByRole('row', { name: 'hostile' }).getByText(HOSTILE).waitFor();
  await shoot('fleet');
  const names = () => page.getByRole('table').getByRole('link').locator('span:first-child').allInnerTexts();
  for (const q of ['pi 5 model', 'bookworm', '6.6.51', '1.37', '0x4a1b']) {
    await page.getByRole('searchbox').fill(q);
    await expect.poll(names).toEqual(['Rover']);
  }
  await page.getByRole('searchbox').fill('jetson');
  await visible(page, 'No robots match.');
  await visible(page, 'kernel, agent version and disk serial');
  await shoot('none');

  await page.goto(`/robots/${rover}`);
  const device = page.getByRole('button', { name: 'Device' });
  expect(await device.innerText()).toContain('Raspberry Pi 5 Model B Rev 1.0 · Debian GNU/Linux 12 (bookworm)');
  await shoot('robot');
  await device.click();
  const fact = (label: string) =>
    page
      .locator('dl > div')
      .filter({ has: page.locator('dt', { hasText: new RegExp(`^${label}$`) }) })
      .locator('dd')
      .innerText();
  const told = {
    Model: 'Raspberry Pi 5 Model B Rev 1.0',
    OS: 'Debian GNU/Linux 12 (bookworm)',
    Kernel: '6.6.51+rpt-rpi-2712',
  };
  for (const [label, text] of Object.entries({
    ...told,
    Agent: '1.37.0',
    'Disk serial': '0x4a1b22c9',
    'CPU architecture': 'arm64',
  }))
    expect(await fact(label), label).toBe(text);
  expect(await fact('Unchanged since')).toMatch(/\d/);
  await shoot('robot-open');

  await page.goto(`/robots/${hostile}`);
  await visible(page, HOSTILE);
  await shoot('robot-hostile');
  await page.goto(`/robots/${older}`);
  await visible(page, 'older-agent');
  await page.locator('[data-chart] canvas').first().waitFor();
  expect(await page.getByRole('button', { name: 'Device' }).count()).toBe(0);
});

it('on a phone it comes after what tells robots apart, and the page does not grow wide; in Russian, too', async () => {
  const id = await paired(
    '52000004',
    'phone-bot',
    `model="${'Board '.repeat(40)}",os="Дебиан",serial="${'f'.repeat(256)}"`,
  );
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE, locale: 'ru-RU' })).newPage();
  await page.goto('/');
  const card = page.getByRole('article').filter({ hasText: 'phone-bot' });
  await card.getByText('arm64 · Admin').or(card.getByText('Board Board')).first().waitFor();
  const isWide = () => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(await isWide()).toBe(false);
  await page.goto(`/robots/${id}`);
  await page.getByRole('button', { name: 'Устройство' }).click();
  await visible(page, 'Серийный № диска');
  await visible(page, 'Дебиан');
  expect(await isWide()).toBe(false);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/robot-ru-phone.png` });
});
