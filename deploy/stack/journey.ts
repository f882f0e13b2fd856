import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Request } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import type { Running } from './running.ts';

const PERSON = { email: 'grace@lab.example', name: 'Grace', password: 'six purple elephants' };
/** Where to put a picture of each step, if anywhere. */
const { JOURNEY_IMAGES } = process.env;

export function journeyTests(given: () => Running): void {
  describe('a person', () => {
    it('signs in once, sees only their own robots everywhere, and after being deactivated nothing', async () => {
      const { client, stack } = given();
      const admin = await client.signIn();
      const { body: user } = await client.call('POST', '/users', { token: admin, body: { ...PERSON, role: 'user' } });
      const reporting = async (token: string, code: string, name: string) => {
        const robot = await client.pair(token, code);
        await client.call('PATCH', `/robots/${robot.id}`, { token, body: { name } });
        const lines = [...Array(120).keys()].map((i) => `mem used_percent=${40 + (i % 20)} ${Date.now() - i * 10_000}`);
        const sent = { token: robot.token, body: lines.join('\n') };
        expect((await client.call('POST', '/metrics?precision=ms', sent)).status).toBe(204);
        return robot;
      };
      const { email, password } = PERSON;
      const own = (await client.call('POST', '/auth/login', { body: { email, password } })).body.access_token;
      await reporting(own, '10203040', 'crane of Grace');
      await reporting(admin, '50607080', 'digger of Admin');

      const browser = await launchChromium();
      // An open page would go on using its session, also in the tests that follow.
      onTestFinished(() => browser.close());
      const options = { baseURL: stack.url, ignoreHTTPSErrors: true, locale: 'en-GB' };
      const context = await browser.newContext({ ...options, viewport: { width: 1440, height: 900 } });
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      await page.goto('/');
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await picture(page, '1-sign-in');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'crane of Grace' }).click();
      await page.getByRole('link', { name: 'Superset' }).waitFor();
      expect(await page.content()).not.toContain('digger of Admin');
      await picture(page, '2-robot');

      const [superset] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('link', { name: 'Superset' }).click(),
      ]);
      const rows: string[] = [];
      const asked: Request[] = [];
      const isChart = (request: Request) => new URL(request.url()).pathname === '/api/v1/chart/data';
      superset.on('request', (request) => isChart(request) && asked.push(request));
      superset.on('response', async (reply) => {
        if (isChart(reply.request())) rows.push(await reply.text().catch(() => ''));
      });
      await superset.waitForURL(/:9300\/superset\/dashboard\//);
      await superset.goto(`https://${stack.address}:9300/superset/dashboard/robowatch-fleet-utilisation/`);
      await expect.poll(() => rows.join(), { timeout: 90_000 }).toContain('crane of Grace');
      await superset.waitForTimeout(5000);
      await picture(superset, '3-superset');
      expect(rows.join()).not.toContain('digger of Admin');
      expect(await superset.content()).not.toContain('digger of Admin');

      await client.call('PATCH', `/users/${user.id}`, { token: admin, body: { is_active: false } });
      const before = asked.length;
      await superset.reload().catch(() => undefined);
      await superset
        .getByLabel('E-mail')
        .or(superset.getByText(/sign in/i))
        .first()
        .waitFor();
      await picture(superset, '4-deactivated');
      // What was asked before may still be answered.
      const answers = await Promise.all(asked.slice(before).map((request) => request.response()));
      expect(answers.filter((reply) => reply?.status() === 200)).toEqual([]);
      await page.reload();
      await page.getByLabel('E-mail').waitFor();
      expect(await page.content()).not.toContain('crane of Grace');
      await picture(page, '5-signed-out');
    });
  });
}

async function picture(page: Page, name: string): Promise<void> {
  if (!JOURNEY_IMAGES) return;
  mkdirSync(JOURNEY_IMAGES, { recursive: true });
  await page.screenshot({ path: join(JOURNEY_IMAGES, `journey-${name}.png`), animations: 'disabled', caret: 'hide' });
}
