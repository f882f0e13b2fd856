import { createHmac } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBrowser, visible } from './browser.ts';
import { PHONE } from './chromium.ts';
import { startMailbox, startWebhookReceiver } from './receivers.ts';
import { askToPair, asUser } from './robots.ts';
import { ADMIN, withAdmin } from './server.ts';

const mailbox = await startMailbox();
const hook = await startWebhookReceiver();
const browser = useBrowser({
  ...withAdmin,
  ...{ SMTP_URL: mailbox.url, SMTP_FROM: 'robowatch@lab.example', ALERT_ALLOWED_HOSTS: '127.0.0.1' },
  ...{ ALERT_GROUP_WAIT: '1' },
});
const robots: { stop(): void }[] = [];
afterAll(async () => {
  for (const robot of robots) robot.stop();
  await Promise.all([mailbox.stop(), hook.stop()]);
});

/** A robot that really pairs and reports every second; its temperature is what it was last told to have. */
async function startRobot(name: string, degrees: number) {
  const { url } = browser.server();
  const api = await asUser(url);
  const code = String(Math.floor(Math.random() * 9e7) + 1e7);
  await askToPair(url, code, name);
  const { robot_id, influxdb_token } = await api('POST', `/pair/${code}/confirm`, { name });
  let now = degrees;
  const report = (at = Date.now()) =>
    fetch(`${url}/api/metrics?precision=ms`, {
      method: 'POST',
      headers: { authorization: `Bearer ${influxdb_token}` },
      body: `temp,sensor=soc temp=${now} ${at}\nbattery volt=12.1 ${at}`,
    });
  await report();
  const timer = setInterval(() => void report().catch(() => {}), 1_000);
  robots.push({ stop: () => clearInterval(timer) });
  return { id: robot_id as number, heatTo: (next: number) => (now = next), token: influxdb_token as string };
}

const decoded = (letter: string) =>
  letter.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

async function addChannel(page: Page, kind: string, fields: Record<string, string>) {
  await page.goto('/alerts/channels');
  await page.getByRole('button', { name: 'Add a channel' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kind').selectOption({ label: kind });
  for (const [label, text] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(text);
  await dialog.getByRole('button', { name: 'Add the channel' }).click();
  return dialog;
}

let courier: Awaited<ReturnType<typeof startRobot>>;
beforeAll(async () => {
  courier = await startRobot('courier', 45);
});

it('a robot gets hot: it fires in the list, reaches mail and webhook, is acknowledged and resolved', async () => {
  const page = await (await browser.admin()).newPage();
  await addChannel(page, 'E-mail', { Address: 'ada@lab.example' });
  await visible(page, 'nothing sent yet');
  const dialog = await addChannel(page, 'Webhook', { URL: hook.url });
  const secret = await dialog
    .locator('code, input[readonly]')
    .first()
    .evaluate((one) => (one as HTMLInputElement).value ?? one.textContent);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: 'Send a test message to Webhook' }).click();
  await visible(page, 'The test message to Webhook was accepted.');
  expect(hook.received).toHaveLength(1);
  hook.received.length = 0;

  await page.getByRole('link', { name: 'Rules', exact: true }).click();
  await page.getByRole('link', { name: 'New rule' }).click();
  await page.getByLabel('What').selectOption({ label: 'Temperature' });
  await page.getByLabel('Value', { exact: true }).fill('80');
  await visible(page, 'It would not have fired.');
  await page.getByRole('textbox', { name: 'Name' }).fill('Too hot');
  await page.getByLabel('After it has lasted', { exact: true }).fill('0');
  await page.getByLabel('Resolve after it is over for', { exact: true }).fill('0');
  await page.getByLabel('Severity').selectOption({ label: 'Critical' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/alerts\/rules$/);
  await visible(page, /Temperature ≥ 80 °C · All my robots|Temperature ≥ 80 °C · Everybody/);

  await page.goto('/alerts');
  await visible(page, 'Nothing is firing.');
  // The window is two minutes long.
  courier.heatTo(500);
  const row = page.locator('[data-alert]').filter({ hasText: 'courier' });
  await row.getByText('Firing').waitFor({ timeout: 30_000 });
  await expect.poll(() => mailbox.letters.map(decoded).join()).toMatch(/Too hot[\s\S]*courier|courier[\s\S]*Too hot/);
  await expect.poll(() => hook.received.length).toBe(1);
  const { headers, body } = hook.received[0] as (typeof hook.received)[number];
  expect(JSON.parse(body)).toMatchObject({
    state: 'firing',
    severity: 'critical',
    robot: { id: courier.id, name: 'courier' },
  });
  const [, time, signed] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(headers['x-robowatch-signature'])) ?? [];
  expect(signed).toBe(createHmac('sha256', String(secret)).update(`${time}.${body}`).digest('hex'));

  await row.getByRole('button', { name: 'Acknowledge' }).click();
  await row.getByText('acknowledged by you').waitFor();
  await page.goto('/');
  await page.getByRole('button', { name: '1 firing' }).click();
  await page.getByRole('img', { name: 'Firing: Too hot' }).waitFor();

  courier.heatTo(-500);
  await page.goto('/alerts?state=resolved');
  await row.getByText('Resolved').waitFor({ timeout: 60_000 });
  await expect.poll(() => hook.received.length).toBe(2);
  expect(JSON.parse(hook.received[1]?.body ?? '')).toMatchObject({ state: 'resolved' });
  await page.goto(`/robots/${courier.id}/alerts`);
  await page.locator('[data-alert]').getByText('Too hot').waitFor();
});

it('the usual rules are turned on with one click, and switched off one by one', async () => {
  const { url } = browser.server();
  const api = await asUser(url);
  for (const { id } of (await api('GET', '/alert-rules')).items) await api('DELETE', `/alert-rules/${id}`);
  const page = await (await browser.open({ as: ADMIN, viewport: PHONE })).newPage();
  await page.goto('/');
  await page.getByRole('link', { name: 'Set up alerts' }).click();
  await page.getByRole('button', { name: 'Turn on these rules' }).click();
  await expect
    .poll(async () => (await api('GET', '/alert-rules')).items.map(({ name }: { name: string }) => name))
    .toEqual(['Robot offline', 'Robot too hot', 'Disk nearly full']);
  await page.goto('/');
  await page.getByText('courier').first().waitFor();
  expect(await page.getByRole('link', { name: 'Set up alerts' }).count()).toBe(0);
  await page.goto('/alerts/rules');
  await page.getByRole('button', { name: 'Turn off rule Robot too hot' }).click();
  await page.getByRole('button', { name: 'Turn on rule Robot too hot' }).waitFor();
  await page.getByRole('button', { name: /^Suggested rules \(\d+\)$/ }).click();
  await page.getByRole('checkbox', { name: 'Disk full soon' }).check();
  expect(await page.getByRole('checkbox', { name: 'Robot offline' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Turn on these rules' }).click();
  await page.getByRole('button', { name: 'Turn off rule Disk full soon' }).waitFor();
  await page.getByRole('checkbox', { name: 'Disk full soon' }).waitFor({ state: 'detached' });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBe(PHONE.width);
});

it('the past of a robot shows when a rule would have fired, and the rule is kept as it was typed', async () => {
  const { url } = browser.server();
  const api = await asUser(url);
  const robot = await startRobot('past', 40);
  const start = Date.now() - 3_600_000;
  const lines = Array.from(
    { length: 120 },
    (_, i) => `gripper force=${i >= 60 && i < 80 ? 9 : 2} ${start + i * 30_000}`,
  );
  const sent = await fetch(`${url}/api/metrics?precision=ms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${robot.token}` },
    body: lines.join('\n'),
  });
  expect(sent.status).toBe(204);
  const page = await (await browser.admin()).newPage();
  await page.goto('/alerts/rules/new');
  await page.getByLabel('What').selectOption({ label: 'Any other value' });
  await page.getByLabel('Robots').selectOption({ label: 'Certain robots' });
  await page.getByRole('checkbox', { name: 'past' }).check();
  await page.getByLabel('Measurement').fill('gripper');
  await page.getByLabel('Field', { exact: true }).fill('force');
  await page.getByLabel('Value', { exact: true }).fill('8');
  await page.getByLabel('Period').selectOption({ label: 'last day' });
  await visible(page, 'It would have fired once.');
  await page.locator('[data-chart=preview] canvas').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/alerts\/rules$/);
  const { items } = await api('GET', '/alert-rules');
  expect(items.at(-1)).toMatchObject({
    scope: { robots: [robot.id] },
    condition: { kind: 'threshold', measurement: 'gripper', field: 'force', op: '>=', value: 8 },
  });
  await page.getByRole('link', { name: 'gripper force ≥ 8', exact: true }).click();
  expect(await page.getByLabel('Value', { exact: true }).inputValue()).toBe('8');
  await page.getByLabel('Value', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await visible(page, 'This is missing.');
});

it('a field of yes and no is compared with what the page shows, and fires', async () => {
  const { url } = browser.server();
  const api = await asUser(url);
  const robot = await startRobot('underfed', 40);
  const sent = await fetch(`${url}/api/metrics`, {
    method: 'POST',
    headers: { authorization: `Bearer ${robot.token}` },
    body: 'soc throttled=true',
  });
  expect(sent.status).toBe(204);
  const page = await (await browser.admin()).newPage();
  await page.goto('/alerts/rules/new');
  await page.getByLabel('What').selectOption({ label: 'Any other value' });
  await page.getByLabel('Robots').selectOption({ label: 'Certain robots' });
  await page.getByRole('checkbox', { name: 'underfed' }).check();
  await page.getByLabel('Measurement').fill('soc');
  await page.getByLabel('Field', { exact: true }).fill('throttled');
  await page.getByLabel('Value', { exact: true }).selectOption({ label: 'yes' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/alerts\/rules$/);
  const { items } = await api('GET', '/alert-rules');
  expect(items.at(-1).condition).toMatchObject({ field: 'throttled', op: '==', value: true });
  await expect.poll(async () => (await api('GET', `/alerts?robot_id=${robot.id}`)).items.length).toBe(1);
});

it('a silence holds messages back, and is ended', async () => {
  const page = await (await browser.admin()).newPage();
  await page.goto('/alerts/silences');
  await page.getByRole('button', { name: 'Silence alerts' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Robot', { exact: true }).selectOption({ label: 'courier' });
  await dialog.getByLabel('When').selectOption({ label: 'every week' });
  await dialog.getByRole('checkbox', { name: 'Mon' }).uncheck();
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  await visible(page, /Tue, Wed, Thu, Fri, 22:00–06:00/);
  await page.getByRole('button', { name: 'End the silence of courier' }).click();
  await page.getByText('22:00–06:00').waitFor({ state: 'detached' });
});

it('a channel that does not work says why', async () => {
  const page = await (await browser.admin()).newPage();
  hook.answerWith(500);
  await page.goto('/alerts/channels');
  await page.getByRole('button', { name: 'Send a test message to Webhook' }).click();
  await visible(page, 'The test message to Webhook was not delivered');
  hook.answerWith(204);
  await addChannel(page, 'Webhook', { URL: 'http://10.0.0.1/hook' });
  await page.getByRole('dialog').getByRole('alert').waitFor();
});

it('a push message is shown by the browser, and opens what it tells of; a refusal is explained', async () => {
  const context = await browser.admin();
  const page = await context.newPage();
  await page.goto('/alerts/channels');
  await page.getByRole('button', { name: 'Add a channel' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kind').selectOption({ label: 'This browser' });
  // No push service is reached from here, whatever is allowed.
  await context.grantPermissions(['notifications']);
  await dialog.getByRole('button', { name: 'Add the channel' }).click();
  await dialog.getByRole('alert').waitFor();

  const scope = `${browser.server().url}/`;
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find((one) => one.scopeURL === scope);
      if (own) resolve(own.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const told = { title: 'courier: temperature 91 °C', body: 'Since 10:02.', url: '/robots/1', tag: 'alert 1' };
  await devtools.send('ServiceWorker.deliverPushMessage', {
    origin: scope.slice(0, -1),
    registrationId: await registered,
    data: JSON.stringify(told),
  });
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({
        title,
        body,
        tag,
        url: data.url,
      }));
    });
  await expect.poll(shown).toEqual([told]);
});
