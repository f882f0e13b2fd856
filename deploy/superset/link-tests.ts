import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import { supersetRobotUrl } from '../../apps/web/src/metrics/superset-link.ts';
import { signIn } from './in-browser.ts';
import type { KnownSuperset } from './known-superset.ts';

export function linkTests({ superset }: KnownSuperset): void {
  describe('the web app’s link', () => {
    it('opens the dashboard of one robot', async () => {
      const browser = await launchChromium();
      const page = await signIn(browser, superset().url, superset().password);
      const asked: string[][] = [];
      page.on('response', async (reply) => {
        const { pathname, searchParams } = new URL(reply.url());
        // Filters ask, too, for what there is to choose from; only charts have a number.
        if (pathname !== '/api/v1/chart/data' || !JSON.parse(searchParams.get('form_data') ?? '{}').slice_id) return;
        // What is still on its way when the browser closes has no body.
        const { result } = await reply.json().catch(() => ({}));
        if (result?.[0].colnames.includes('robot'))
          asked.push(result[0].data.map(({ robot }: { robot: string }) => robot));
      });
      await page.goto(supersetRobotUrl(superset().url, 'base'));
      await expect.poll(() => asked.flat().length, { timeout: 60_000 }).toBeGreaterThan(2);
      expect(new Set(asked.flat())).toEqual(new Set(['base']));
      await browser.close();
    }, 180_000);
  });
}
