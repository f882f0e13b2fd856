import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { launch } from '../../apps/api/test/support/server-process.ts';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import { startSuperset } from '../../tools/real/superset.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import { chartsOf } from './dashboard.ts';
import { demonstrationFleet } from './demonstration.ts';
import { openDashboard, signIn } from './in-browser.ts';
import { DASHBOARDS } from './write-assets.ts';

const OUT = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const WEB_APP = 'https://robots.lab.example';
const WIDTH = 1440;
const SETTLE_MS = 3_000;

/** Both dashboards, whole, with the demonstration fleet. */
const postgres = await startWithRoles();
const server = await launch({
  env: {
    ...{ DATABASE_URL: postgres.databaseUrl, SECRET_KEY: randomBytes(32).toString('hex'), PUBLIC_URL: WEB_APP },
    ...{ PAIR_REQUESTS_PER_ADDRESS: '1000', PAIR_MAX_LIVE_CODES: '1000', ROLLUP_DELAY: '10' },
  },
});
await postgres.grantViews();
await demonstrationFleet(server, postgres.databaseUrl);
const superset = await startSuperset({ postgres: postgres.superset, webApp: WEB_APP });
const browser = await launchChromium();
const page = await signIn(browser, superset.url, superset.password);
for (const dashboard of DASHBOARDS) {
  await page.setViewportSize({ width: WIDTH, height: 3_000 });
  const { errors } = await openDashboard(page, dashboard.slug, Object.keys(chartsOf(dashboard)).length);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const bottom = await page.locator('.grid-row').last().boundingBox();
  await page.setViewportSize({ width: WIDTH, height: Math.ceil((bottom?.y ?? 0) + (bottom?.height ?? 0)) + 16 });
  await page.waitForTimeout(SETTLE_MS);
  const name = dashboard.slug.replace('robowatch', 'superset');
  await page.screenshot({ path: `${OUT}${name}.png`, animations: 'disabled', caret: 'hide' });
}
await browser.close();
await superset.stop();
await server.end();
await postgres.stop();
