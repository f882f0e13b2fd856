import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { ensureBuilt } from '../build/ensure-built.ts';
import { DESKTOP, launchChromium, PHONE } from './chromium.ts';
import { askToPair, asUser, startRobots } from './robots.ts';
import { ADMIN, PASSWORD, startServer, withAdmin } from './server.ts';

/** Elsewhere to look at them before they are kept. */
const OUT = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const CODE = '27182818';
const SETTLE_MS = 700;

/** Every page with the demonstration robots, in light and dark, for desktop and phone. */
async function takeAll(): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  await ensureBuilt();
  const server = await startServer({ ...withAdmin, PUBLIC_URL: 'https://robots.lab.example' });
  const robots = await startRobots(server.url, { robots: 5, historyMs: 3_600_000 });
  const api = await asUser(server.url);
  await api('POST', '/users', { email: 'grace@lab.example', name: 'Grace', role: 'user' });
  await askToPair(server.url, CODE, 'orange-pi-5');
  const courier = (await api('GET', '/robots')).items.find(({ name }: { name: string }) => name === 'courier-01').id;
  const hot = await withAlerts(api);
  const pages: [name: string, path: string, ready: string][] = [
    ['fleet', '/', 'article path[d^=M], [role=row] path[d^=M]'],
    ['pair', '/pair', 'fieldset'],
    ['pair-confirm', `/pair?code=${CODE}`, 'dl'],
    ['robot', `/robots/${courier}`, '[data-chart] canvas'],
    ['alerts', '/alerts', '[data-alert]'],
    ['alert-rules', '/alerts/rules', '[data-rule]'],
    ['alert-rule', `/alerts/rules/${hot}`, '[data-chart=preview] canvas'],
    ['alert-channels', '/alerts/channels', '[data-channel]'],
    ['robot-alerts', `/robots/${courier}/alerts`, '[data-alert]'],
    ['logs', `/robots/${courier}/logs`, 'ol li'],
    ['settings', `/robots/${courier}/settings`, 'option'],
    ['users', '/admin/users', 'td'],
    ['all-robots', '/admin/robots', 'td'],
    ['audit', '/admin/audit', 'td'],
    ['profile', '/profile', 'li'],
  ];
  const browser = await launchChromium();
  // The last hour of five robots takes a moment to be stored, and alerts to fire.
  await new Promise((resolve) => setTimeout(resolve, 25_000));
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', baseURL: server.url });
      const page = await context.newPage();
      await page.goto('/sign-in');
      await page.getByLabel('E-mail').waitFor();
      await shoot(page, `sign-in-${colorScheme}-${size}`);
      await context.request.post('/api/auth/login', { data: { email: ADMIN, password: PASSWORD } });
      for (const [name, path, ready] of pages) {
        await page.goto(path);
        await page.locator(ready).first().waitFor({ state: 'attached' });
        await shoot(page, `${name}-${colorScheme}-${size}`);
      }
      await context.close();
    }
  }
  await browser.close();
  await robots.stop();
  await server.remove();
}

/** Rules of which some fire at once. @returns the id of one with a past */
async function withAlerts(api: Awaited<ReturnType<typeof asUser>>): Promise<number> {
  const channel = { kind: 'webhook', name: 'Team chat', settings: { url: 'https://chat.lab.example/hooks/robots' } };
  const channels = [(await api('POST', '/alert-channels', channel)).id];
  const threshold = { kind: 'threshold', fn: 'mean', window_s: 120, op: '>=' };
  const rule = (name: string, condition: object, more: object = {}) =>
    api('POST', '/alert-rules', { name, scope: { all: true }, condition, channels, ...more });
  await rule('Robot offline', { kind: 'offline', after_s: 300 }, { severity: 'critical' });
  await rule('Disk filling up', { ...threshold, measurement: 'disk', field: 'used_percent', value: 20 });
  const temperature = { ...threshold, measurement: 'temp', field: 'temp', value: 48, clear_value: 45 };
  return (await rule('Robot hot', temperature, { severity: 'critical', for_s: 0 })).id;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: `${OUT}${name}.png`, animations: 'disabled', caret: 'hide' });
}

await takeAll();
