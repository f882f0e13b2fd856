import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import type { Query } from './chart.ts';
import { chartsOf } from './dashboard.ts';
import { openDashboard, signIn } from './in-browser.ts';
import { type KnownSuperset, WEB_APP } from './known-superset.ts';
import { DASHBOARDS } from './write-assets.ts';

const essence = (query?: Query) => ({
  columns: query?.columns.map((column) => (typeof column === 'string' ? column : (column as { label: string }).label)),
  metrics: query?.metrics ?? [],
  where: query?.extras.where ?? '',
  limit: query?.series_limit ?? 0,
  limitBy: query?.series_limit_metric ?? '',
  post_processing: query?.post_processing ?? [],
});

export function browserTests({ superset, fleet, idOf }: KnownSuperset): void {
  describe('a browser', () => {
    it('shows every chart, leads to the robots, and filters all charts by what is clicked in one', async () => {
      const browser = await launchChromium();
      const page = await signIn(browser, superset().url, superset().password);
      for (const dashboard of DASHBOARDS) {
        const charts = Object.entries(chartsOf(dashboard));
        const { shown, errors } = await openDashboard(page, dashboard.slug, charts.length);
        expect(errors).toEqual([]);
        for (const [key, { query }] of charts) {
          const { status, rows, asked } = shown.get(idOf(key)) ?? {};
          expect([status, rows], key).toEqual([200, expect.toSatisfy((count: number) => count > 0)]);
          // What its form asks for is what it was saved with, so the other tests are about what people see.
          expect(essence(asked), key).toEqual(essence(query));
        }
        const links = page.locator(`a[href="${WEB_APP}/robots/${fleet().base.id}"]`);
        expect(await links.count(), dashboard.title).toBeGreaterThan(0);
        if (!charts.some(([key]) => key === 'use-by-label')) continue;
        // Other charts have no such column.
        await page.locator('td', { hasText: /^role: arm$/ }).click();
        const robotsLeft = () => shown.get(idOf('use-by-robot'))?.rows;
        await expect.poll(robotsLeft, { timeout: 60_000 }).toBe(1);
      }
      await browser.close();
    }, 300_000);
  });
}
