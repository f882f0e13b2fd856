import * as oidc from 'openid-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/oidc/index.ts';
import { GRAFANA, SUPERSET, useOpenId } from '../support/open-id.ts';
import { PASSWORD } from '../support/test-api.ts';

const server = useOpenId();
type Person = Awaited<ReturnType<typeof server.person>>;
let admin: Person;
beforeAll(async () => {
  admin = await server.person('admin');
});

/** A person with both apps open. */
async function everywhere(person?: Person) {
  const whom = person ?? (await server.person());
  const grafana = await server.open('grafana', whom.browser);
  const superset = await server.open('superset', whom.browser);
  return { ...whom, apps: [grafana, superset], grafana, superset };
}
type Everywhere = Awaited<ReturnType<typeof everywhere>>;

const identified = (token: string) => identify(server.deps().db, token);

async function expectOpen({ id, apps, grafana }: Everywhere): Promise<void> {
  for (const { tokens } of apps) expect((await server.userInfo(tokens.access_token)).status).toBe(200);
  expect((await identified(grafana.tokens.access_token))?.userId).toBe(id);
}

/** Nothing that the apps hold is worth anything. */
async function expectClosed({ apps }: Everywhere): Promise<void> {
  for (const { config, tokens } of apps) {
    expect((await server.userInfo(tokens.access_token)).status).toBe(401);
    expect(await identified(tokens.access_token)).toBeUndefined();
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  }
}

const asksForPassword = async ({ browser }: Person) =>
  (await browser.go((await server.begin('grafana')).url)).url.pathname === '/sign-in';

describe('all apps are closed at once when', () => {
  it('the user signs out', async () => {
    const person = await everywhere();
    const other = await everywhere();
    await expectOpen(person);
    await person.browser.go('/api/auth/logout', { method: 'POST' });
    await expectClosed(person);
    expect(await asksForPassword(person)).toBe(true);
    await expectOpen(other);
  });

  it('the user ends the session from another device, whose apps stay open', async () => {
    const person = await everywhere();
    const elsewhere = await everywhere({ ...person, ...(await server.signIn(person.email)) });
    const sessions = (await server.call('GET', '/auth/sessions', { token: elsewhere.token })).body.items;
    const [ended] = sessions.filter((one: { current: boolean; apps: string[] }) => !one.current && one.apps.length > 0);
    await server.call('DELETE', `/auth/sessions/${ended.id}`, { token: elsewhere.token });
    await expectClosed(person);
    await expectOpen(elsewhere);
    expect(await asksForPassword(person)).toBe(true);
  });

  it('an administrator deactivates the user', async () => {
    const person = await everywhere();
    await server.call('PATCH', `/users/${person.id}`, { token: admin.token, body: { is_active: false } });
    await expectClosed(person);
    expect(await asksForPassword(person)).toBe(true);
    await server.call('PATCH', `/users/${person.id}`, { token: admin.token, body: { is_active: true } });
    await expectClosed(person);
  });

  it('the user is deactivated in the database alone', async () => {
    const person = await everywhere();
    const { db } = server.deps();
    await db.updateTable('users').set({ is_active: false }).where('id', '=', person.id).execute();
    await expectClosed(person);
    expect(await asksForPassword(person)).toBe(true);
  });

  it('the user is deleted', async () => {
    const person = await everywhere();
    await server.call('DELETE', `/users/${person.id}`, { token: admin.token });
    await expectClosed(person);
  });

  it('the user changes the password', async () => {
    const [person, here] = await Promise.all([everywhere(), server.person()]);
    const elsewhere = await everywhere({ ...person, ...(await server.signIn(person.email)) });
    await server.call('POST', '/auth/password', {
      token: person.token,
      body: { current_password: PASSWORD, new_password: 'another horse battery' },
    });
    await expectClosed(person);
    await expectClosed(elsewhere);
    expect(await asksForPassword(person)).toBe(false);
    expect(await asksForPassword(elsewhere)).toBe(true);
    expect(await asksForPassword(here)).toBe(false);
  });

  it('the user accepts a new invitation', async () => {
    const person = await everywhere();
    const { body } = await server.call('POST', `/users/${person.id}/invitation`, { token: admin.token });
    const token = body.invitation_url.split('#')[1];
    await server.call('POST', '/auth/invitation/accept', { body: { token, password: 'another horse battery' } });
    await expectClosed(person);
  });

  it("the session's refresh token is replayed", async () => {
    const person = await everywhere();
    const copy = person.browser.clone();
    await person.browser.go('/api/auth/refresh', { method: 'POST' });
    await copy.go('/api/auth/refresh', { method: 'POST' });
    await expectClosed(person);
  });

  it('the user signs in again in the same browser', async () => {
    const [person, elsewhere] = await Promise.all([everywhere(), everywhere()]);
    await server.signIn(person.email, person.browser);
    await expectClosed(person);
    await expectOpen(elsewhere);
    expect(await asksForPassword(person)).toBe(false);
  });

  it('the session expires', async () => {
    const person = await everywhere();
    const { db } = server.deps();
    await db
      .updateTable('sessions')
      .set({ expires_at: new Date(0) })
      .where('user_id', '=', person.id)
      .execute();
    await expectClosed(person);
    expect(await asksForPassword(person)).toBe(true);
  });
});

describe('another user in the same browser', () => {
  it('is the one who opens the apps, and what the former one had open is closed', async () => {
    const former = await everywhere();
    const next = await server.person();
    await server.signIn(next.email, former.browser);
    await expectClosed(former);
    const { tokens } = await server.open('grafana', former.browser);
    expect(tokens.claims()?.email).toBe(next.email);
  });

  it('ends nothing of the former one for a script that keeps the cookies of several', async () => {
    const [person, other] = await Promise.all([everywhere(), server.person()]);
    const body = JSON.stringify({ email: other.email, password: PASSWORD });
    const headers = { 'content-type': 'application/json' };
    expect((await person.browser.go('/api/auth/login', { method: 'POST', body, headers })).status).toBe(200);
    await expectOpen(person);
  });

  it('cannot take over a sign-in that the former one began', async () => {
    const former = await server.person();
    const next = await server.person();
    const { url } = await server.begin('grafana');
    // Stops before the last step of the former user's sign-in.
    const interaction = (await former.browser.step(url)) as URL;
    const resume = (await former.browser.step(interaction)) as URL;
    expect(resume.pathname).toMatch(/^\/oidc\/auth\//);
    await server.signIn(next.email, former.browser);
    const { url: back } = await former.browser.go(resume);
    expect(back.searchParams.get('code')).toBeNull();
    expect(back.href).not.toContain(GRAFANA);
    expect((await server.open('grafana', former.browser)).tokens.claims()?.email).toBe(next.email);
  });

  it("gets none of the former one's identity by the provider's own cookies", async () => {
    const former = await everywhere();
    const next = await server.person();
    former.browser.forget('_apps_');
    for (const what of ['_apps_', '_refresh_']) former.browser.forget(what);
    await server.signIn(next.email, former.browser);
    expect((await server.open('grafana', former.browser)).tokens.claims()?.email).toBe(next.email);
    former.browser.forget('_apps_');
    expect(await asksForPassword(former)).toBe(true);
  });
});

describe('signing out from within an app', () => {
  const end = (config: oidc.Configuration, query: Record<string, string>) => oidc.buildEndSessionUrl(config, query);

  it.each([
    ['grafana', `${GRAFANA}/login`],
    ['superset', `${SUPERSET}/`],
  ] as const)('%s ends everything and leads back', async (app, post_logout_redirect_uri) => {
    const person = await everywhere();
    const { config, tokens } = person[app];
    const id_token_hint = tokens.id_token as string;
    const page = await person.browser.go(end(config, { id_token_hint, post_logout_redirect_uri, state: 'x1' }));
    expect(page.body).toContain('document.forms[0].submit()');
    const left = await person.browser.submit(page);
    expect(left.url.href).toBe(`${post_logout_redirect_uri}?state=x1`);
    await expectClosed(person);
    expect(await asksForPassword(person)).toBe(true);
    expect(person.browser.cookie('_refresh_') ?? person.browser.cookie('_apps_')).toBeUndefined();
    expect((await server.call('GET', '/auth/me', { token: person.token })).status).toBe(401);
  });

  it('asks first when the app does not prove whom it means, and leaves the session on no', async () => {
    const person = await everywhere();
    const url = end(person.superset.config, { post_logout_redirect_uri: SUPERSET });
    const asked = await person.browser.go(url);
    expect(asked.body).not.toContain('<script>');
    expect((await person.browser.submit(asked, 1)).url.href).toContain(SUPERSET);
    expect(await asksForPassword(person)).toBe(false);
    const again = await person.browser.go(url);
    expect((await person.browser.submit(again)).url.href).toContain(SUPERSET);
    await expectClosed(person);
  });

  it("does not take somebody else's ID token as proof", async () => {
    const [person, other] = [await everywhere(), await everywhere()];
    const id_token_hint = other.grafana.tokens.id_token as string;
    const page = await person.browser.go(end(person.grafana.config, { id_token_hint }));
    expect(page.body).not.toContain('<script>');
    await expectOpen(person);
  });

  it('cannot be used to lead people elsewhere', async () => {
    const person = await everywhere();
    const page = await person.browser.go(
      end(person.grafana.config, { post_logout_redirect_uri: 'https://evil.example/' }),
    );
    expect(page.status).toBe(400);
    expect(page.body).toContain('post_logout_redirect_uri');
    const { browser } = await server.person();
    const without = await browser.go('/oidc/session/end?post_logout_redirect_uri=https://evil.example/');
    expect((await browser.submit(without)).url.href).not.toContain('evil.example');
    await expectOpen(person);
  });

  it('works for a browser without a session, too', async () => {
    const person = await everywhere();
    const { config } = person.grafana;
    const stranger = server.browser();
    const page = await stranger.go(end(config, { post_logout_redirect_uri: `${GRAFANA}/login` }));
    expect((await stranger.submit(page)).url.href).toBe(`${GRAFANA}/login`);
    await expectOpen(person);
  });
});

it('the list of sessions names the apps', async () => {
  const person = await everywhere();
  const { body } = await server.call('GET', '/auth/sessions', { token: person.token });
  const current = body.items.find((session: { current: boolean }) => session.current);
  expect(current.apps).toEqual(['grafana', 'superset']);
  const others = body.items.filter((session: { current: boolean }) => !session.current);
  for (const { apps } of others) expect(apps).toEqual([]);
});

it("a role's change is seen with the next answer", async () => {
  const person = await everywhere();
  const { config, tokens } = person.grafana;
  await server.call('PATCH', `/users/${person.id}`, { token: admin.token, body: { role: 'admin' } });
  expect((await server.userInfo(tokens.access_token)).body.role).toBe('admin');
  expect((await identified(tokens.access_token))?.role).toBe('admin');
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token as string);
  expect(renewed.claims()?.role).toBe('admin');
});

it('only tokens of grafana identify anybody to the gateway', async () => {
  const { superset, grafana, id } = await everywhere();
  const { access_token, refresh_token, id_token } = grafana.tokens;
  expect((await identified(access_token))?.userId).toBe(id);
  for (const token of [superset.tokens.access_token, refresh_token, id_token, '', 'x'.repeat(43), "' or 1=1 --"])
    expect(await identified(token as string)).toBeUndefined();
  const { db } = server.deps();
  await db.updateTable('oidc_artifacts').set({ expires_at: new Date() }).where('model', '=', 'AccessToken').execute();
  expect(await identified(access_token)).toBeUndefined();
});

it('sign-ins to apps and refusals are in the audit log', async () => {
  const person = await everywhere();
  const entries = async (action: string) =>
    (await server.call('GET', `/audit?action=${action}&actor_id=${person.id}`, { token: admin.token })).body.items;
  const logins = await entries('auth.app_login');
  expect(logins.map(({ details }: { details: { app: string } }) => details.app).sort()).toEqual([
    'grafana',
    'superset',
  ]);
  expect(logins[0]).toMatchObject({ actor_name: person.email, address: '127.0.0.1' });
  const { url } = await server.begin('grafana', { redirect_uri: 'https://evil.example/' });
  await person.browser.go(url);
  await expect.poll(async () => (await entries('auth.app_refused'))[0]?.details).toMatchObject({ app: 'grafana' });
  await server.token({ grant_type: 'refresh_token', refresh_token: 'x' }, 'superset', 'wrong');
  const anybodys = async () =>
    (await server.call('GET', '/audit?action=auth.app_refused', { token: admin.token })).body.items[0];
  await expect.poll(anybodys).toMatchObject({ actor_id: null, address: '127.0.0.1', details: { app: 'superset' } });
});
