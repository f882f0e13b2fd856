import { afterAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { askToPair, startRobots } from './robots.ts';
import { ADMIN, PASSWORD } from './server.ts';

const browser = useBrowser();
let robots: Awaited<ReturnType<typeof startRobots>> | undefined;
afterAll(() => robots?.stop());

it('leads to the setup while there is no account', async () => {
  const page = await (await browser.open()).newPage();
  await page.goto('/');
  await visible(page, 'Open the one-time link that the server printed');
  expect(await page.getByRole('button', { name: 'Sign in' }).count()).toBe(0);
});

it('the one-time link creates the administrator, once', async () => {
  const context = await browser.open();
  const page = await context.newPage();
  await page.goto(browser.server().setupLink());
  await page.getByLabel('Name').fill('Ada');
  expect(page.url()).not.toContain('#');
  await page.getByLabel('E-mail').fill(ADMIN);
  await page.getByLabel('Password').first().fill('short');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  expect(
    await page.evaluate(() => document.querySelector<HTMLInputElement>('[name=password]')?.validity.tooShort),
  ).toBe(true);
  await page.getByLabel('Password').first().fill('password1');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await visible(page, 'too easy to guess');
  expect(await page.getByLabel('Name').inputValue()).toBe('Ada');
  await page.getByLabel('Password').first().fill(PASSWORD);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await visible(page, 'Add the first robot');
  await visible(page, `curl -fsSL ${browser.server().url}/install.sh | sudo sh`);

  await page.goto(browser.server().setupLink());
  await page.getByLabel('Name').fill('Eve');
  await page.getByLabel('E-mail').fill('eve@lab.example');
  await page.getByLabel('Password').first().fill(PASSWORD);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await visible(page, 'This link no longer works');
});

it('pairs a robot by its code, waits for its first figures and shows its charts and logs', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/pair');
  let shown: (code: string) => void = () => undefined;
  const code = new Promise<string>((resolve) => {
    shown = resolve;
  });
  let confirmed: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    confirmed = resolve;
  });
  const starting = startRobots(browser.server().url, {
    onCode: (digits) => {
      shown(digits);
      return done;
    },
  });
  const digits = await code;
  await page.getByRole('textbox').nth(1).click();
  await page.keyboard.type(digits);
  await visible(page, 'Is this your robot?');
  await visible(page, 'courier-01');
  await visible(page, 'arm64');
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('name');
  await page.getByLabel('Name').fill('Курьер 1');
  await page.getByRole('button', { name: 'Yes, pair it' }).click();
  await visible(page, 'Курьер 1 is yours');
  confirmed();
  robots = await starting;

  await page.waitForURL(/\/robots\/\d+$/);
  await page.getByRole('heading', { name: 'Курьер 1' }).waitFor();
  for (const chart of ['cpu', 'cores', 'mem', 'load', 'temp', 'disk', 'net', 'battery-percent']) {
    await page.locator(`[data-chart="${chart}"]`).scrollIntoViewIfNeeded();
    await page.locator(`[data-chart="${chart}"] canvas`).waitFor();
  }
  const net = page.locator('[data-chart="net"]');
  await expect.poll(() => net.innerText()).toMatch(/wlan0 ↓\s+[\d.]+ KiB\/s/);
  await expect.poll(() => page.locator('[data-chart="temp"]').innerText()).toMatch(/soc_thermal\s+[\d.]+ °C/);
  await expect.poll(() => page.locator('[data-chart="battery-volt"]').innerText()).toMatch(/voltage\s+[\d.]+ V/);

  await page.getByLabel('Time range').selectOption('15m');
  await page.waitForURL(/range=15m/);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export Memory as CSV' }).click();
  expect((await download).suggestedFilename()).toMatch(/^_*.*-mem-.*\.csv$/);

  const plot = page.locator('[data-chart="cpu"] .u-over');
  await page.locator('[data-chart="cpu"]').scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error('no chart');
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 50, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  await page.getByRole('button', { name: 'Go live' }).click();
  await page.waitForURL(/range=15m/);

  await page.locator('[data-chart="cpu"]').getByRole('group').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  const spoken = page.locator('[data-chart="cpu"]').getByRole('status');
  await expect.poll(() => spoken.innerText()).toMatch(/\d+:\d+:\d+: user [\d.]+ %, system/);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Logs at this time' }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await plot.click({ position: { x: box.width * 0.7, y: 40 } });
  await page.getByRole('link', { name: 'Logs at this time' }).click();
  await page.waitForURL(/\/logs\?from=/);
  await page.getByLabel('Time range').selectOption('24h');
  await page.getByRole('list', { name: 'Log entries' }).getByRole('listitem').first().waitFor();
  await page.getByRole('searchbox', { name: 'Search in messages' }).fill('no such words');
  await visible(page, 'No log entries match');
  await page.waitForURL(/q=no\+such\+words/);
});

it('renames, replaces the token, stops accepting data: the robot is refused at once', async () => {
  const page = await (await browser.admin()).newPage();
  let rotations = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/token')) rotations++;
  });
  await page.goto('/');
  await page.getByRole('link', { name: 'Курьер 1' }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Name').fill('Courier');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 1, name: 'Courier' }).waitFor();

  await page.getByRole('button', { name: 'Create a new token' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create a new token' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(rotations).toBe(0);
  await page.getByRole('button', { name: 'Create a new token' }).click();
  await dialog.getByRole('button', { name: 'Replace the token' }).click();
  const token = (await page.getByRole('textbox', { name: 'Personal token' }).innerText()).trim();
  const report = () =>
    fetch(`${browser.server().url}/api/metrics`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      body: 'battery voltage=24.1',
    });
  expect((await report()).status).toBe(204);
  await visible(page, 'ROBOWATCH_TOKEN= in /etc/default/telegraf');
  // Shown only once, so neither Escape nor going back may close it.
  await page.keyboard.press('Escape');
  await page.evaluate(() => history.back());
  await page.getByRole('textbox', { name: 'Personal token' }).waitFor();
  await expect.poll(() => page.url()).toMatch(/settings$/);
  await page.getByRole('button', { name: 'I have it' }).click();
  expect(await page.content()).not.toContain(token);

  await page.getByRole('button', { name: 'Stop accepting data' }).click();
  await visible(page, 'No data is accepted from this robot');
  expect((await report()).status).toBe(401);
  await page.getByRole('button', { name: 'Accept data again' }).click();
  await expect.poll(async () => (await report()).status).toBe(204);

  await page.getByRole('button', { name: 'Delete this robot' }).click();
  const remove = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  expect(await remove.isDisabled()).toBe(true);
  await page.getByLabel('Type Courier to confirm').fill('Courier');
  await remove.click();
  await visible(page, 'Add the first robot');
  expect((await report()).status).toBe(401);
});

it('says what to do about a wrong code, and keeps a code while signing in', async () => {
  const page = await (await browser.open()).newPage();
  await askToPair(browser.server().url, '27182818');
  await page.goto('/pair?code=27182818');
  await page.waitForURL(/\/sign-in\?next=/);
  await visible(page, 'Its code is kept');
  await page.getByLabel('E-mail').fill(ADMIN);
  await page.getByLabel('Password').first().fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await visible(page, 'The e-mail or the password is wrong');
  await page.getByLabel('Password').first().fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/pair\?code=27182818/);
  await visible(page, 'Is this your robot?');
  await visible(page, 'orange');

  await page.getByRole('button', { name: 'Another code' }).click();
  await page.waitForURL(/\/pair$/);
  const boxes = page.locator('fieldset input[aria-label]');
  await expect
    .poll(() => boxes.evaluateAll((all) => all.map((box) => (box as HTMLInputElement).value)))
    .toEqual(Array(8).fill(''));
  await boxes.first().focus();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text', '1414 2135');
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    );
  });
  await visible(page, 'No robot shows this code');
});

it('adds demonstration robots to an empty fleet, and removes them again', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Add demonstration robots' }).click();
  for (const name of ['courier-01', 'arm-bench', 'rover-north', 'greenhouse', 'scout-mini'])
    await page.getByRole('link', { name }).waitFor();
  await page.goto('/pair');
  await page.getByRole('button', { name: 'Remove the demonstration robots' }).click();
  await page.getByRole('button', { name: 'Add demonstration robots' }).waitFor();
  await page.goto('/');
  await visible(page, 'Add the first robot');
});

it('can be used by keyboard: skip link and menu', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/');
  await visible(page, 'Add the first robot');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Account' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Profile' }).waitFor();
  await page.keyboard.press('Escape');
  await expect
    .poll(() => page.evaluate(() => String(document.activeElement?.getAttribute('aria-label'))))
    .toContain('Account');
});
