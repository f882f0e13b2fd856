import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../tools/real/free-port.ts';
import { useBrowser, visible } from './browser.ts';
import { startIdentityProvider } from './identity-provider.ts';
import { asUser } from './robots.ts';
import { ADMIN, PASSWORD, withAdmin } from './server.ts';

const SECRET = 'f1d2d2f924e986ac86fdf7b36c94bcdf';

/** This server, at 127.0.0.1, and a provider at localhost: another site for the browser. */
async function useProvider(more: Record<string, string> = {}) {
  const [webPort, port] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${webPort}`;
  const issuer = `http://localhost:${port}`;
  const settings = {
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: 'robowatch',
    OIDC_CLIENT_SECRET: SECRET,
    OIDC_LABEL: 'Lab ID',
  };
  const env = { ...withAdmin, WEB_PORT: String(webPort), PUBLIC_URL: url, ...settings, ...more };
  const browser = useBrowser(env, [issuer]);
  let provider: Awaited<ReturnType<typeof startIdentityProvider>>;
  beforeAll(async () => {
    const redirectUri = `${url}/api/auth/outside/callback`;
    const client = { id: 'robowatch', secret: SECRET, redirectUri, afterSignOut: `${url}/sign-in` };
    provider = await startIdentityProvider({ port, client });
  });
  afterAll(() => provider?.stop());

  /** Signs in there, from this server's sign-in page. */
  const enter = async (page: Page, sub: string, next = '/profile') => {
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByRole('link', { name: 'Sign in with Lab ID' }).click();
    await page.getByRole('link', { name: sub, exact: true }).click();
  };
  const newPage = async () => (await browser.open()).newPage();
  const admin = () => asUser(url);
  const invite = async (email: string, password?: string) =>
    (await (
      await admin()
    )('POST', '/users', { email, name: 'Someone', role: 'user', password })) as { id: number };
  const account = async (email: string) => {
    const { items } = (await (await admin())('GET', '/users')) as { items: Record<string, unknown>[] };
    return items.find((user) => user.email === email);
  };
  return { url, issuer, browser, provider: () => provider, enter, newPage, admin, invite, account };
}

/** Goes to the provider and back as a browser does, but stops before it is here again. @returns where it would go */
async function callbackUrl(context: BrowserContext, sub: string, change: (url: URL) => void = () => undefined) {
  const step = async (url: string) => {
    const { location = '' } = (await context.request.get(url, { maxRedirects: 0 })).headers();
    return location && new URL(location, url.startsWith('/') ? undefined : url).href;
  };
  const target = new URL(await step('/api/auth/outside/start?next=/profile'));
  change(target);
  let url = await step(target.href);
  for (let hops = 0; hops < 6 && !url.includes('/callback?'); hops++) {
    if (/\/who\/[\w-]+$/.test(url)) url += `/${sub}`;
    url = await step(url);
  }
  return url;
}

describe('through an outside identity provider', async () => {
  const lab = await useProvider({ OIDC_ROLE_CLAIM: 'groups', OIDC_ADMIN_VALUES: 'robot-admins, root' });

  it('an invited person signs in, has the role of the provider, and signs out there too', async () => {
    await lab.invite('grace@lab.example');
    const grace = { email: 'Grace@lab.example', email_verified: true, groups: ['robot-admins'] };
    lab.provider().people.set('grace', grace);
    const page = await lab.newPage();
    await lab.enter(page, 'grace', '/admin/users');
    await page.getByRole('heading', { name: 'Users' }).waitFor();
    expect(await lab.account('grace@lab.example')).toMatchObject({ role: 'admin', invited: false });
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.waitForURL(`${lab.url}/sign-in*`);
    await page.getByRole('link', { name: 'Sign in with Lab ID' }).waitFor();

    lab.provider().people.set('grace', { ...grace, groups: [] });
    await lab.enter(page, 'grace');
    await visible(page, 'grace@lab.example');
    expect(await lab.account('grace@lab.example')).toMatchObject({ role: 'user' });
  });

  it.each([
    ['nobody', undefined, 'It was cancelled there.'],
    ['stranger', { email: 'stranger@lab.example', email_verified: true }, 'You have no account here yet.'],
    ['no-address', {}, 'You have no account here yet.'],
    ['owner', { email: ADMIN, email_verified: true }, 'There is an account with this e-mail address here already.'],
    ['claimant', { email: ADMIN, email_verified: false }, 'There is an account with this e-mail address here already.'],
    ['guest', { email: 'guest@lab.example' }, 'There is an account with this e-mail address here already.'],
  ])('%s is not let in, and told why', async (sub, identity, text) => {
    if (sub === 'guest') await lab.invite('guest@lab.example');
    if (identity) lab.provider().people.set(sub, identity);
    const page = await lab.newPage();
    await lab.enter(page, sub);
    await visible(page, text);
    expect((await page.context().cookies()).filter(({ name }) => name.includes('refresh'))).toEqual([]);
  });

  it('ends the session that another person still had in this browser', async () => {
    const { provider, browser, invite, url } = lab;
    for (const name of ['former', 'next'])
      await invite(`${name}@lab.example`, name === 'former' ? PASSWORD : undefined);
    provider().people.set('next', { email: 'next@lab.example', email_verified: true });
    const page = await (await browser.open({ as: 'former@lab.example' })).newPage();
    const elsewhere = await asUser(url, 'former@lab.example');
    const sessions = async () => ((await elsewhere('GET', '/auth/sessions')) as { items: unknown[] }).items.length;
    expect(await sessions()).toBe(2);
    await page.goto('/api/auth/outside/start?next=/profile');
    await page.getByRole('link', { name: 'next', exact: true }).click();
    await visible(page, 'next@lab.example');
    expect(await sessions()).toBe(1);
  });

  it('a deactivated person is not let in', async () => {
    const { id } = await lab.invite('off@lab.example');
    lab.provider().people.set('off', { email: 'off@lab.example', email_verified: true });
    const page = await lab.newPage();
    await lab.enter(page, 'off');
    await visible(page, 'off@lab.example');
    await (await lab.admin())('PATCH', `/users/${id}`, { is_active: false });
    const other = await lab.newPage();
    await lab.enter(other, 'off');
    await visible(other, 'Your account here is deactivated.');
  });

  it('an account with a password is linked by its owner, once, and unlinked', async () => {
    await lab.invite('linus@lab.example', PASSWORD);
    lab.provider().people.set('linus', { email: 'somewhere@else.example', email_verified: false });
    const page = await (await lab.browser.open({ as: 'linus@lab.example' })).newPage();
    const confirm = async (button: string, password = PASSWORD) => {
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('dialog').getByLabel('Current password').fill(password);
      await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
    };
    await page.goto('/profile');
    await confirm('Link with Lab ID', 'wrong password');
    await visible(page, 'The current password is wrong.');
    await page.reload();
    await confirm('Link with Lab ID');
    await page.getByRole('link', { name: 'linus', exact: true }).click();
    await visible(page, 'somewhere@else.example');

    const other = await lab.newPage();
    await lab.enter(other, 'linus');
    await visible(other, 'linus@lab.example');

    await lab.invite('thief@lab.example', PASSWORD);
    const thief = await (await lab.browser.open({ as: 'thief@lab.example' })).newPage();
    await thief.goto('/profile');
    await thief.getByRole('button', { name: 'Link with Lab ID' }).click();
    await thief.getByRole('dialog').getByLabel('Current password').fill(PASSWORD);
    await thief.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
    await thief.getByRole('link', { name: 'linus', exact: true }).click();
    await visible(thief, 'This identity signs in to another account here');

    await confirm('Unlink Lab ID');
    await page.getByRole('button', { name: 'Link with Lab ID' }).waitFor();
    await visible(other, 'Your session has ended');
  });

  it('what the browser brings back works once, only in the browser that began, also ten times at once', async () => {
    await lab.invite('once@lab.example');
    lab.provider().people.set('once', { email: 'once@lab.example', email_verified: true });
    const [context, stranger] = [await lab.browser.open(), await lab.browser.open()];
    const stolen = await callbackUrl(context, 'once');
    const visit = async (who: BrowserContext, url: string) =>
      (await who.request.get(url, { maxRedirects: 0 })).headers().location ?? '';
    expect(await visit(stranger, stolen)).toContain('/sign-in?problem=expired');
    const back = await callbackUrl(await lab.browser.open(), 'once');
    expect(await visit(context, back)).toContain('problem=expired');
    const owner = await lab.browser.open();
    const url = await callbackUrl(owner, 'once');
    const jar = (await owner.cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ');
    const replies = Array.from({ length: 10 }, () => fetch(url, { redirect: 'manual', headers: { cookie: jar } }));
    const locations = (await Promise.all(replies)).map((reply) => reply.headers.get('location') ?? '');
    expect(locations.filter((location) => location.includes('/sign-in?next='))).toHaveLength(1);
    expect(locations.filter((location) => location.includes('problem=expired'))).toHaveLength(9);
  });

  it.each(['nonce', 'code_challenge', 'state'])('an answer to another %s is refused', async (name) => {
    lab.provider().people.set('other', { email: 'other@lab.example', email_verified: true });
    const context = await lab.browser.open();
    const url = await callbackUrl(context, 'other', (target) => target.searchParams.set(name, 'A'.repeat(43)));
    const { location } = (await context.request.get(url, { maxRedirects: 0 })).headers();
    expect(location).toContain(name === 'state' ? 'problem=expired' : 'problem=failed');
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/%0d%0aevil'])(
    'nobody is sent to %s',
    async (next) => {
      await lab.invite(`next-${encodeURIComponent(next)}@lab.example`);
      const email = `next-${encodeURIComponent(next)}@lab.example`.toLowerCase();
      lab.provider().people.set('next', { email, email_verified: true });
      const page = await lab.newPage();
      await lab.enter(page, 'next', next);
      await page.getByRole('heading').first().waitFor();
      await page.waitForURL((url) => url.origin === lab.url && url.pathname !== '/sign-in');
    },
  );
});

describe('where anyone may sign up', async () => {
  const lab = await useProvider({ OIDC_SIGN_UP: 'anyone', OIDC_EMAIL_DOMAINS: 'lab.example, uni.example' });

  it('those with a verified address of a domain that is allowed get an account', async () => {
    const { people } = lab.provider();
    people.set('new', { email: 'new@uni.example', email_verified: true, name: 'New Person', groups: ['robot-admins'] });
    people.set('foreign', { email: 'x@uni.example.evil.example', email_verified: true });
    people.set('unverified', { email: 'y@uni.example', email_verified: false });
    const page = await lab.newPage();
    await lab.enter(page, 'new');
    await visible(page, 'new@uni.example');
    expect(await lab.account('new@uni.example')).toMatchObject({ role: 'user', name: 'New Person' });
    for (const sub of ['foreign', 'unverified']) {
      const other = await lab.newPage();
      await lab.enter(other, sub);
      await visible(other, 'You have no account here yet.');
    }
  });
});
