import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { describe, expect, it } from 'vitest';
import { type App, SECRETS, useOpenId } from '../support/open-id.ts';

const server = useOpenId();
const APPS: App[] = ['grafana', 'superset'];

describe.each(APPS)('signing in to %s', (app) => {
  it('needs no page when the browser is signed in, and tells who it is', async () => {
    const person = await server.person('admin');
    const { config, tokens } = await server.open(app, person.browser);
    const claims = {
      sub: String(person.id),
      email: person.email,
      preferred_username: person.email,
      name: expect.stringMatching(/^Person/),
      role: 'admin',
    };
    expect(tokens.claims()).toMatchObject({ ...claims, aud: app, iss: `${server.origin()}/oidc` });
    expect(await oidc.fetchUserInfo(config, tokens.access_token, String(person.id))).toEqual(claims);
    expect(tokens.expires_in).toBe(600);
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token as string);
    expect(renewed.claims()).toMatchObject(claims);
    expect(renewed.access_token).not.toBe(tokens.access_token);
  });

  it('leads to the sign-in page first when it is not', async () => {
    const { email } = await server.personWithoutBrowser();
    const { url, finish } = await server.begin(app);
    const browser = server.browser();
    const asked = await browser.go(url);
    expect(asked.url.pathname).toBe('/sign-in');
    const next = asked.url.searchParams.get('next') as string;
    expect(next).toMatch(/^\/oidc\/interaction\/[\w-]+$/);
    await server.signIn(email, browser);
    const { url: back } = await browser.go(next);
    expect((await finish(back)).claims()?.email).toBe(email);
  });
});

it('both apps are open through one sign-in', async () => {
  const { browser } = await server.person();
  const both = await Promise.all(APPS.map((app) => server.open(app, browser)));
  for (const { tokens } of both) expect((await server.userInfo(tokens.access_token)).status).toBe(200);
});

it('keeps no usable token', async () => {
  const { browser } = await server.person();
  const { back, tokens } = await server.open('grafana', browser);
  const { db } = server.deps();
  const rows = [
    await db.selectFrom('oidc_artifacts').selectAll().execute(),
    await db.selectFrom('oidc_grants').selectAll().execute(),
  ];
  const stored = JSON.stringify(rows);
  const held = [
    tokens.access_token,
    tokens.refresh_token,
    tokens.id_token,
    back.searchParams.get('code'),
    browser.cookie('_oidc_'),
  ];
  for (const secret of held) {
    expect(secret).toBeTruthy();
    expect(stored).not.toContain(secret);
  }
});

it('the cookies are for the provider only', async () => {
  const { browser } = await server.person();
  await server.open('grafana', browser);
  const ours = browser.set.filter((line) => !line.includes('refresh'));
  expect(ours.length).toBeGreaterThan(3);
  for (const line of ours) expect(line).toMatch(/path=\/oidc(\/|;|$)/i);
  for (const line of ours.filter((one) => !/1970/.test(one))) expect(line).toMatch(/httponly/i);
  for (const line of ours.filter((one) => !/1970/.test(one))) expect(line).toMatch(/samesite=lax/i);
});

describe('what is refused', () => {
  it('a sign-in without PKCE, or with a plain challenge', async () => {
    const { browser } = await server.person();
    const { url } = await server.begin('grafana');
    const plain = new URL(url);
    plain.searchParams.set('code_challenge_method', 'plain');
    const none = new URL(url);
    for (const name of ['code_challenge', 'code_challenge_method']) none.searchParams.delete(name);
    for (const target of [plain, none]) {
      const { url: back } = await browser.go(target);
      expect(back.searchParams.get('error')).toBe('invalid_request');
      expect(back.searchParams.get('code')).toBeNull();
    }
  });

  it.each([
    'https://evil.example/',
    'https://grafana.lab.example:9200/',
    'https://grafana.lab.example:9200/login/generic_oauth?x',
  ])('the redirect address %s', async (redirect_uri) => {
    const { browser } = await server.person();
    const { url } = await server.begin('grafana', { redirect_uri });
    const visit = await browser.go(url);
    expect(visit.status).toBe(400);
    expect(visit.url.origin).toBe(server.origin());
    expect(visit.body).toContain('invalid_redirect_uri');
    expect(visit.body).not.toContain('oops');
  });

  it('another code verifier, another secret, or the other app', async () => {
    const { browser } = await server.person();
    const start = async () => {
      const { url, verifier } = await server.begin('grafana');
      const { url: back } = await browser.go(url);
      const code = back.searchParams.get('code') as string;
      const form = { grant_type: 'authorization_code', code, redirect_uri: server.callback.grafana };
      return { ...form, code_verifier: verifier };
    };
    const wrongVerifier = { ...(await start()), code_verifier: oidc.randomPKCECodeVerifier() };
    expect((await server.token(wrongVerifier)).body.error).toBe('invalid_grant');
    expect((await server.token(await start(), 'grafana', SECRETS.superset)).status).toBe(401);
    expect((await server.token(await start(), 'superset')).body.error).toBe('invalid_grant');
    const { code_verifier: _none, ...without } = await start();
    expect((await server.token(without)).status).toBe(400);
    expect((await server.token(await start())).status).toBe(200);
  });

  it('a response of any other kind than a code', async () => {
    const { browser } = await server.person();
    for (const response_type of ['token', 'id_token', 'code id_token']) {
      const { url } = await server.begin('grafana', { response_type });
      const { url: back } = await browser.go(url);
      expect(`${back.search}${back.hash}`, response_type).toMatch(/error=(unsupported_response_type|invalid_request)/);
    }
  });
});

it('a sign-in that has to be fresh is refused, because it cannot be told', async () => {
  const { browser } = await server.person();
  const { url } = await server.begin('grafana', { prompt: 'login' });
  expect((await browser.go(url)).url.searchParams.get('error')).toBe('login_required');
});

it('an app may ask for consent, which needs no page', async () => {
  const { browser } = await server.person();
  const { url, finish } = await server.begin('grafana', { prompt: 'consent' });
  const visit = await browser.go(url);
  const tokens = await finish(visit.url);
  expect(decodeJwt(tokens.id_token as string).aud).toBe('grafana');
});

it("another browser cannot finish somebody's sign-in", async () => {
  const [one, other] = [await server.person(), await server.person()];
  const { url } = await server.begin('grafana');
  const stranger = server.browser();
  const next = (await stranger.go(url)).url.searchParams.get('next') as string;
  for (const { browser } of [one, other]) {
    const visit = await browser.go(next);
    expect(visit.status).toBe(400);
    expect(visit.body).toContain('expired');
    expect(visit.body).toContain('does not keep cookies');
    for (const name of ['Grafana', 'Superset', 'Robowatch'])
      expect(visit.body).toMatch(new RegExp(`<a href="https?://[^"]+">Back to ${name}</a>`));
  }
});
