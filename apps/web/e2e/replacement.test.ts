import { expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { PHONE } from './chromium.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const browser = useBrowser({ ...withAdmin, PAIR_MAX_LIVE_CODES_PER_NETWORK: '100' });
/** Where pictures are kept, to look at them. */
const OUT = process.env.PICTURES;

it('a device replaces a robot that is found by its name, and the replacement is undone', async () => {
  const { url } = browser.server();
  const api = await asUser(url);
  let old = { robot_id: 0, influxdb_token: '' };
  for (let i = 1; i <= 30; i++) {
    const code = String(40_000_000 + i);
    await askToPair(url, code, `orange-${i}`);
    old = await api('POST', `/pair/${code}/confirm`, { name: i < 30 ? `courier-${i}` : 'zebra crossing' });
  }
  const report = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/api/metrics`, { method: 'POST', headers, body: 'mem used_percent=42' })).status;
  };
  expect(await report(old.influxdb_token)).toBe(204);
  await expect.poll(async () => (await api('GET', `/robots/${old.robot_id}`)).online).toBe(true);
  const colours = [undefined, 'dark'] as const;
  for (const [i, colorScheme] of colours.entries()) {
    const page = await (
      await browser.open({ as: ADMIN, ...(colorScheme ? { colorScheme, viewport: PHONE, locale: 'ru-RU' } : {}) })
    ).newPage();
    const shot = (name: string) => OUT && page.screenshot({ path: `${OUT}/${name}-${i}.png`, fullPage: true });
    const code = String(41_000_000 + i);
    await askToPair(url, String(42_000_000 + i), `spare-${i}`);
    await api('POST', `/pair/${42_000_000 + i}/confirm`, { name: `alike-${i}` });
    await askToPair(url, code, `spare-${i}`);
    await page.goto(`/pair?code=${code}`);
    await page.getByLabel(colorScheme ? 'Замена для робота' : 'It replaces a robot').check();
    const confirm = page.getByRole('button', { name: colorScheme ? 'Заменить' : 'Replace it' });
    expect(await confirm.isEnabled()).toBe(false);
    expect(await page.getByRole('radio', { name: 'zebra crossing' }).count()).toBe(0);
    // Of the same hostname first, whatever its name.
    const first = page.getByRole('radiogroup').getByRole('radio').first();
    await first.and(page.getByRole('radio', { name: `alike-${i}` })).waitFor();
    await shot('list');
    await page.getByRole('searchbox').fill('zebra');
    await page.getByRole('radio', { name: 'zebra crossing' }).check();
    await visible(page, colorScheme ? 'оно точно больше не нужно' : 'really out of use');
    await shot('choice');
    await confirm.click();
    await page.waitForURL(`**/robots/${old.robot_id}`);
    await visible(page, `spare-${i}`);
    // The same token is looked up again after ten seconds.
    await expect
      .poll(async () => {
        expect(await report(old.influxdb_token)).toBe(401);
        return (await api('GET', `/robots/${old.robot_id}`)).former_token_refused_at;
      })
      .toBeTruthy();
    await page.reload();
    await visible(page, colorScheme ? 'Заменённое устройство всё ещё' : 'replaced still reports');
    await shot('replaced');
    await page.getByRole('button', { name: colorScheme ? 'Отменить замену' : 'Undo the replacement' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.waitForTimeout(300);
    await shot('undo');
    await dialog.getByRole('button', { name: colorScheme ? 'Отменить замену' : 'Undo the replacement' }).click();
    await visible(page, colorScheme ? 'теперь отдельный робот' : 'now a robot of its own');
    expect(await report(old.influxdb_token)).toBe(204);
    const names = (await api('GET', `/robots?q=spare-${i}`)).items.map(({ name }: { name: string }) => name);
    expect(names).toEqual([`alike-${i}`, `spare-${i}`]);
  }
});
