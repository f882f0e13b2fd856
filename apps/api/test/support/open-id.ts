import * as oidc from 'openid-client';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { buildWebServer } from '../../src/web/web-server.ts';
import { Browser, type Visit } from './browser.ts';
import { PASSWORD, useTestApi } from './test-api.ts';

export const GRAFANA = 'https://grafana.lab.example:9200';
export const SUPERSET = 'https://superset.lab.example:9300';
export const SECRETS = {
  grafana: 'b1946ac92492d2347c6235b4d2611184',
  superset: '591785b794601e212b260e25925636fd',
} as const;
export type App = keyof typeof SECRETS;
const CALLBACK = {
  grafana: `${GRAFANA}/login/generic_oauth`,
  superset: `${SUPERSET}/oauth-authorized/robowatch`,
};
const SCOPE = 'openid profile email offline_access';

/** The API, reached over HTTP by browsers and by a real client library that does what Grafana and Superset do. */
export function useOpenId(settings: Record<string, string> | (() => Promise<Record<string, string>>) = {}) {
  let origin = '';
  let webServer: Awaited<ReturnType<typeof buildWebServer>>;
  const api = useTestApi(async () => {
    origin = `http://127.0.0.1:${await freePort()}`;
    return {
      PUBLIC_URL: origin,
      GRAFANA_URL: GRAFANA,
      SUPERSET_URL: SUPERSET,
      OIDC_GRAFANA_SECRET: SECRETS.grafana,
      OIDC_SUPERSET_SECRET: SECRETS.superset,
      OIDC_TOKEN_TTL: '10m',
      ...(typeof settings === 'function' ? await settings() : settings),
    };
  });
  beforeAll(async () => {
    webServer = await buildWebServer(api.app(), api.deps().config);
    await new Promise<void>((done) => webServer.server.listen(Number(new URL(origin).port), '127.0.0.1', done));
    await api.app().listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await webServer?.close();
  });

  const browser = () => new Browser(origin);

  const signIn = async (email: string, using = browser(), password = PASSWORD) => {
    const body = JSON.stringify({ email, password });
    const visit = await using.go('/api/auth/login', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: '*/*', origin },
    });
    if (visit.status !== 200) throw new Error(visit.body);
    return { browser: using, token: JSON.parse(visit.body).access_token as string };
  };

  /** A person with a signed-in browser. */
  const person = async (role: 'user' | 'admin' = 'user') => {
    const user = await api.person(role);
    return { ...user, ...(await signIn(user.email)) };
  };

  const client = (app: App, secret: string = SECRETS[app]) =>
    oidc.discovery(
      new URL(`${origin}/oidc`),
      app,
      { id_token_signed_response_alg: 'RS256' },
      oidc.ClientSecretBasic(secret),
      {
        execute: [oidc.allowInsecureRequests],
      },
    );

  /** What an app remembers between sending a browser here and getting it back. */
  const begin = async (app: App, extra: Record<string, string> = {}) => {
    const config = await client(app);
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK[app],
      scope: SCOPE,
      state,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...extra,
    });
    const finish = (back: URL) =>
      oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
    return { config, url, verifier, state, finish };
  };

  /** Opens an app in a browser that is signed in. */
  const open = async (app: App, using: Browser) => {
    const { config, url, finish } = await begin(app);
    const { url: back } = await using.go(url);
    if (!back.href.startsWith(CALLBACK[app])) throw new Error(`did not come back but went to ${back.href}`);
    return { config, back, tokens: await finish(back) };
  };

  const userInfo = async (accessToken: string) => {
    const reply = await fetch(`${origin}/oidc/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };

  const basic = (app: string, secret: string) => `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
  const token = async (
    form: Record<string, string>,
    app: App = 'grafana',
    secret: string = SECRETS[app],
    at = origin,
  ) => {
    const reply = await fetch(`${at}/oidc/token`, {
      method: 'POST',
      headers: { authorization: basic(app, secret) },
      body: new URLSearchParams(form),
    });
    return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, string> };
  };

  return {
    ...api,
    origin: () => origin,
    apiOrigin: () => api.app().listeningOrigin,
    personWithoutBrowser: api.person,
    ...{ browser, signIn, person, client, begin, open, userInfo, token, callback: CALLBACK },
  };
}

export type OpenId = ReturnType<typeof useOpenId>;
export type { Visit };
