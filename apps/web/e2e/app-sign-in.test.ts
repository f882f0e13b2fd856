import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../../tools/real/free-port.ts';
import { endBehindTab, useBrowser, visible } from './browser.ts';
import { ADMIN, PASSWORD, withAdmin } from './server.ts';

const port = await freePort();
const GRAFANA = `http://127.0.0.1:${port}`;
const SECRET = 'b1946ac92492d2347c6235b4d2611184';
const browser = useBrowser({ ...withAdmin, GRAFANA_URL: GRAFANA, OIDC_GRAFANA_SECRET: SECRET }, [GRAFANA]);

/** Stands for Grafana: another server on the same host. */
const grafana = createServer((_request, reply) => {
  reply.writeHead(200, { 'content-type': 'text/html' }).end('<h1>This is Grafana</h1>');
});
beforeAll(() => new Promise<void>((listening) => void grafana.listen(port, '127.0.0.1', listening)));
afterAll(() => {
  grafana.closeAllConnections();
  grafana.close();
});

/** What Grafana does when somebody opens it. */
async function openGrafana(context: BrowserContext) {
  const issuer = new URL(`${browser.server().url}/oidc`);
  const config = await oidc.discovery(issuer, 'grafana', {}, oidc.ClientSecretBasic(SECRET), {
    execute: [oidc.allowInsecureRequests],
  });
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: `${GRAFANA}/login/generic_oauth`,
    scope: 'openid profile email',
    state: 'a-state',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const page = await context.newPage();
  await page.goto(url.href);
  const arrived = async () => {
    await page.getByText('This is Grafana').waitFor();
    const back = new URL(page.url());
    return oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: 'a-state' });
  };
  return { page, config, arrived };
}

it('asks for the password once, then goes on to the application, which the session names', async () => {
  const context = await browser.open();
  const { page, arrived } = await openGrafana(context);
  await visible(page, 'Sign in to continue to the application you opened.');
  await page.getByLabel('E-mail').fill(ADMIN);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect((await arrived()).claims()?.email).toBe(ADMIN);
  const own = await context.newPage();
  await own.goto('/profile');
  await visible(own, 'Also signed in to Grafana');
});

it('asks for nothing when the browser is signed in', async () => {
  const context = await browser.admin();
  expect((await (await openGrafana(context)).arrived()).claims()?.role).toBe('admin');
});

it('goes on by itself when the browser is signed in but has lost the cookie, also with another tab open', async () => {
  const context = await browser.admin();
  const own = await context.newPage();
  await own.goto('/profile');
  // Until then its reply to the refresh may be on its way: cookies put back over those would be used twice.
  await visible(own, 'Sessions');
  const lose = async () => {
    const kept = (await context.cookies()).filter(({ path }) => !path.startsWith('/oidc'));
    await context.clearCookies();
    await context.addCookies(kept);
  };
  await lose();
  expect((await (await openGrafana(context)).arrived()).claims()?.email).toBe(ADMIN);
});

it('asks for the password when an open tab has only the token of a session that is over, and goes on', async () => {
  const context = await browser.admin();
  await endBehindTab(context);
  const { page, arrived } = await openGrafana(context);
  await page.getByLabel('E-mail').fill(ADMIN);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect((await arrived()).claims()?.email).toBe(ADMIN);
});

it('signing out in the application signs out of this app, and leads back', async () => {
  const context = await browser.admin();
  const own = await context.newPage();
  await own.goto('/profile');
  await visible(own, 'Sessions');
  const { page, config, arrived } = await openGrafana(context);
  const { id_token } = await arrived();
  const query = { id_token_hint: id_token as string, post_logout_redirect_uri: `${GRAFANA}/login` };
  await page.goto(oidc.buildEndSessionUrl(config, query).href);
  await page.waitForURL(`${GRAFANA}/login`);
  await visible(own, 'Your session has ended');
  await own.goto('/');
  await visible(own, 'Sign in');
});

it('without proof asks first, in plain words', async () => {
  const context = await browser.admin();
  const { page, config, arrived } = await openGrafana(context);
  await arrived();
  await page.goto(oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: `${GRAFANA}/login` }).href);
  await visible(page, 'Sign out?');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${GRAFANA}/login`);
});

it.each(['//evil.example', '/oidc/interaction/x/../../evil', '/oidc/auth?client_id=grafana', 'https://evil.example'])(
  'does not go to %s',
  async (next) => {
    const page = await (await browser.admin()).newPage();
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.waitForURL(`${browser.server().url}/`);
  },
);

it('leaves the sign-in page also when the session is found before the app has started', async () => {
  const context = await browser.admin();
  const page = await context.newPage();
  const found = page.waitForResponse('**/api/auth/refresh');
  await page.route(/assets\/(framework|components|start)/, async (route) => {
    await (await found).finished();
    await route.continue();
  });
  await page.goto('/sign-in');
  await page.waitForURL(`${browser.server().url}/`);
});
