import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { SECRETS, useOpenId } from '../../apps/api/test/support/open-id.ts';
import { PASSWORD } from '../../apps/api/test/support/test-api.ts';
import { launchChromium } from '../../apps/web/e2e/chromium.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { startSuperset } from '../../tools/real/superset.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import { knownFleet } from './known-fleet.ts';
import { switchableLink } from './switchable-link.ts';

const TIMEOUT_MS = 60_000;
/** Seconds: so short that tokens are renewed all the time. */
const TOKEN_TTL = '10';

/** The real Superset with sign-in by the real server, on the views of a known fleet, and a real browser. */
export function useSignedInSuperset(names?: Parameters<typeof knownFleet>[1]) {
  let postgres: Awaited<ReturnType<typeof startWithRoles>>;
  let superset: Awaited<ReturnType<typeof startSuperset>>;
  let fleet: Awaited<ReturnType<typeof knownFleet>>;
  let browser: Browser;
  let link: Awaited<ReturnType<typeof switchableLink>>;
  let port: number;
  const api = useOpenId(async () => {
    postgres = await startWithRoles();
    port = await freePort();
    return {
      ...{ DATABASE_URL: postgres.databaseUrl, ROLLUP_DELAY: '10', OIDC_TOKEN_TTL: TOKEN_TTL },
      SUPERSET_URL: `http://127.0.0.1:${port}`,
    };
  });
  beforeAll(async () => {
    await postgres.grantViews();
    fleet = await knownFleet({ ...api, person: api.personWithoutBrowser }, names);
    link = await switchableLink(api.apiOrigin() as string);
    const openId = { apiUrl: link.url, secret: SECRETS.superset };
    superset = await startSuperset({ postgres: postgres.superset, webApp: api.origin(), openId, port });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await superset?.stop();
    link?.stop();
    await postgres?.stop();
  });

  /** A browser in which somebody has signed in to the web app, or nobody. */
  const open = async (email?: string, context?: BrowserContext): Promise<BrowserContext> => {
    const used =
      context ??
      (await browser.newContext({ viewport: { width: 1440, height: 3000 }, locale: 'en-GB', baseURL: superset.url }));
    used.setDefaultTimeout(TIMEOUT_MS);
    if (email) {
      const page = await used.newPage();
      await page.goto(`${api.origin()}/sign-in`);
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL(`${api.origin()}/`);
    }
    return used;
  };
  const person = api.personWithoutBrowser;
  const supersetDatabase = () => {
    const { address, role } = postgres.superset;
    return `postgres://superset:${role}@${address}/superset`;
  };
  return {
    api: { ...api, person },
    supersetDatabase,
    adminDatabase: () => postgres.adminDatabase,
    superset: () => superset,
    fleet: () => fleet,
    link: () => link,
    open,
  };
}
