import { afterEach, beforeAll, expect, it } from 'vitest';
import { PASSWORD, type Person } from '../../apps/api/test/support/test-api.ts';
import { type Asked, asksOf, asPerson } from './as-person.ts';
import { openSuperset } from './client.ts';
import { chartsOf } from './dashboard.ts';
import { openDashboard } from './in-browser.ts';
import { robotsOf } from './known-superset.ts';
import { useSignedInSuperset } from './signed-in.ts';
import { uuidOf } from './uuid-of.ts';
import { DASHBOARDS } from './write-assets.ts';

const { api, superset, fleet, link, open } = useSignedInSuperset();
const RELIABILITY = '/superset/dashboard/robowatch-reliability/';
let admin: Person;
/** What the chart of the worst robots asks for. */
let worst: Asked;
beforeAll(async () => {
  admin = await api.person('admin');
  const local = await openSuperset(superset().url, superset().password);
  const chart = (await local.list('chart')).find(({ uuid }) => uuid === uuidOf('chart', 'rel-worst'));
  worst = await asksOf(local, chart?.id as number, 'robowatch-reliability');
});
afterEach(() => link().set(true));

const change = (user: { id: number }, body: object) =>
  api.call('PATCH', `/users/${user.id}`, { token: admin.token, body });
const signInPage = () => `${api.origin()}/sign-in`;
const cookiesOf = async (context: Awaited<ReturnType<typeof open>>) =>
  (await context.cookies()).filter(({ name }) => name.startsWith('superset')).map(({ value }) => value);

it('opens dashboards by their links without another password, with the robots of who is signed in', async () => {
  const [one, two] = fleet().owners;
  for (const [email, own, others] of [
    [one.email, ['arm'], ['base', 'quiet', 'Person 2']],
    [two.email, ['base', 'quiet'], ['arm', 'Person 1']],
    [admin.email, ['arm', 'base', 'quiet'], []],
  ] as const) {
    const context = await open(email);
    const page = await context.newPage();
    let text = '';
    for (const dashboard of DASHBOARDS) {
      const charts = Object.keys(chartsOf(dashboard)).length;
      const { shown, errors } = await openDashboard(page, dashboard.slug, charts);
      expect(new URL(page.url()).pathname).toBe(`/superset/dashboard/${dashboard.slug}/`);
      // Superset's page wants to store colours, which users may not; the refusal is such an error, and has no effect.
      expect(errors.filter((error) => error !== 'Response')).toEqual([]);
      expect([...new Set([...shown.values()].map(({ status }) => status))]).toEqual([200]);
      text += await page.locator('body').innerText();
    }
    for (const name of own) expect(text).toMatch(new RegExp(`^${name}\\b`, 'm'));
    for (const name of others) expect(text).not.toMatch(new RegExp(`^${name}\\b`, 'm'));
    await context.close();
  }
}, 400_000);

it('asks for the password in the web app when nobody is signed in, and then goes on to the page', async () => {
  const context = await open();
  const page = await context.newPage();
  await page.goto(`${RELIABILITY}?standalone=1`);
  expect(page.url().startsWith(signInPage())).toBe(true);
  await page.getByLabel('E-mail').fill(fleet().owners[0].email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  const before = await cookiesOf(context);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.href.startsWith(`${superset().url}${RELIABILITY}?standalone=1`));
  expect(await cookiesOf(context)).not.toEqual(before);
  await page.goto('/');
  await page.getByText('Fleet utilisation').first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/dashboard/list/');
  await context.close();
});

it('shows nothing from the moment on in which a user is deactivated, and leads to the sign-in', async () => {
  const [user] = fleet().owners;
  const context = await open(user.email);
  const person = await asPerson(context);
  const page = await context.newPage();
  await page.goto(RELIABILITY);
  expect(robotsOf((await person.ask(worst)).rows)).toEqual(['arm']);
  await change(user, { is_active: false });
  const refused = await person.ask({ ...worst, force: false });
  expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('deactivated')]);
  await page.reload();
  expect(page.url().startsWith(signInPage())).toBe(true);
  await change(user, { is_active: true });
  expect((await person.ask(worst)).status).toBe(401);
  await context.close();
});

it('ends with the sign-out in the web app', async () => {
  const context = await open(fleet().owners[1].email);
  const person = await asPerson(context);
  expect((await person.ask(worst)).status).toBe(200);
  const page = await context.newPage();
  await page.goto(`${api.origin()}/profile`);
  const token = (await api.signIn(fleet().owners[1].email)).token;
  const { body } = await api.call('GET', '/auth/sessions', { token });
  for (const { id, current } of body.items) if (!current) await api.call('DELETE', `/auth/sessions/${id}`, { token });
  expect((await person.ask(worst)).status).toBe(401);
  await context.close();
});

it('signs out of the web app too, and leads there', async () => {
  const context = await open(fleet().owners[1].email);
  const other = await asPerson(context);
  const page = await context.newPage();
  await page.goto(RELIABILITY);
  await page.evaluate("location.assign('/logout/')");
  await page.waitForURL(signInPage(), { waitUntil: 'commit' });
  // Another tab of the web app may not know yet, so a page opens before it asks for the password.
  await page.goto(`${api.origin()}/profile`, { waitUntil: 'commit' });
  await page.getByLabel('Password', { exact: true }).first().waitFor();
  expect((await context.request.post(`${api.origin()}/api/auth/refresh`)).status()).toBe(401);
  expect((await other.ask(worst)).status).toBe(401);
  await context.close();
});

it('lets another site’s page not sign anybody out without asking', async () => {
  const context = await open(fleet().owners[1].email);
  const { call } = await asPerson(context);
  const { location } = await call('GET', '/logout/', undefined, { 'sec-fetch-site': 'cross-site' });
  expect(location).toContain('/oidc/session/end?');
  expect(location).not.toContain('id_token_hint');
  await context.close();
});

it('is another user’s when another signs in to the web app in the same browser', async () => {
  const [one, two] = fleet().owners;
  const context = await open(one.email);
  const former = await asPerson(context);
  expect(robotsOf((await former.ask(worst)).rows)).toEqual(['arm']);
  // As a page's script sends it.
  await context.request.post(`${api.origin()}/api/auth/login`, {
    data: { email: two.email, password: PASSWORD },
    headers: { origin: api.origin() },
  });
  expect((await former.ask(worst)).status).toBe(401);
  const now = await asPerson(context);
  expect(robotsOf((await now.ask(worst)).rows)).toEqual(['base']);
  await context.close();
});

it('gives and takes an administrator’s rights with the next request, and no rows of before come from a cache', async () => {
  const [, two] = fleet().owners;
  const context = await open(two.email);
  const person = await asPerson(context);
  const seen = async () => robotsOf((await person.ask({ ...worst, force: false })).rows).sort();
  const users = async () => (await person.call('GET', '/api/v1/security/users/')).status;
  expect([await seen(), await users()]).toEqual([['base'], 403]);
  await change(two, { role: 'admin' });
  expect([await seen(), await users()]).toEqual([['arm', 'base'], 200]);
  await change(two, { role: 'user' });
  expect([await seen(), await users()]).toEqual([['base'], 403]);
  await context.close();
});

it('keeps its sign-in while tokens are renewed, by many requests at once', async () => {
  const context = await open(fleet().owners[1].email);
  const person = await asPerson(context);
  for (const wait of [0, 10_500, 10_500]) {
    await new Promise((done) => setTimeout(done, wait));
    const replies = await Promise.all(Array.from({ length: 12 }, () => person.ask({ ...worst, force: false })));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
  }
  await context.close();
});

it('shows nothing while the server is away, says so, and goes on afterwards', async () => {
  const context = await open(fleet().owners[1].email);
  const person = await asPerson(context);
  expect((await person.ask(worst)).status).toBe(200);
  link().set(false);
  const away = await person.ask({ ...worst, force: false });
  expect([away.status, JSON.parse(away.text).message]).toEqual([
    503,
    expect.stringMatching(/^Robowatch does not answer/),
  ]);
  const page = await context.newPage();
  expect((await page.goto(RELIABILITY))?.status()).toBe(503);
  await page.getByRole('link', { name: 'Try again' }).waitFor();
  link().set(true);
  await page.getByRole('link', { name: 'Try again' }).click();
  await page.getByText('Worst robots').waitFor();
  expect((await person.ask(worst)).status).toBe(200);
  await context.close();
});

it('shows why somebody could not be signed in, instead of trying for ever', async () => {
  const context = await open(fleet().owners[1].email);
  const page = await context.newPage();
  for (const query of ['error=access_denied&state=x', 'code=x&state=x', '']) {
    const reply = await page.goto(`/oauth-authorized/robowatch?${query}`);
    expect(reply?.status()).toBe(403);
    await page.getByText('The request to sign in was denied.').waitFor();
  }
  // Any site can lead there, so it ends nothing.
  const person = await asPerson(context);
  await page.goto('/oauth-authorized/robowatch?code=x&state=x');
  expect((await person.ask(worst)).status).toBe(200);
  await context.clearCookies({ name: 'superset_session' });
  link().set(false);
  expect((await page.goto(RELIABILITY))?.status()).toBe(403);
  link().set(true);
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.getByText('Fleet utilisation').first().waitFor();
  await context.close();
});

it('leads nowhere else', async () => {
  const context = await open(fleet().owners[1].email);
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    await context.clearCookies({ name: 'superset_session' });
    const page = await context.newPage();
    await page.goto(`/login/?next=${encodeURIComponent(next)}`);
    expect(new URL(page.url()).origin).toBe(superset().url);
    await page.close();
  }
  await context.close();
});

it('has a password for the local administrator only, and for the API only', async () => {
  const { url, password } = superset();
  const local = await openSuperset(url, password);
  expect((await local.list('dashboard')).length).toBe(DASHBOARDS.length);
  const context = await open(admin.email);
  await asPerson(context);
  await context.close();
  const { id } = (await local.call('GET', '/api/v1/security/users/')).body.result.find(
    ({ username }: { username: string }) => username === admin.email,
  );
  expect((await local.call('PUT', `/api/v1/security/users/${id}`, { password: PASSWORD })).status).toBe(200);
  for (const [username, tried] of [
    ['admin', 'wrong'],
    [admin.email, PASSWORD],
    [fleet().owners[0].email, PASSWORD],
  ]) {
    const body = { username, password: tried, provider: 'db', refresh: false };
    expect((await local.call('POST', '/api/v1/security/login', body)).status).toBe(401);
  }
});
