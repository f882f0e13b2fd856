import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { useOpenId } from '../support/open-id.ts';
import { useTestApi } from '../support/test-api.ts';

const server = useOpenId({
  OIDC_WRONG_SECRETS_PER_ADDRESS: '5',
  OIDC_STARTS_PER_ADDRESS: '8',
  TRUSTED_PROXIES: '127.0.0.1',
});
const without = useTestApi();
const secure = useTestApi({
  PUBLIC_URL: 'https://robots.example:9101',
  GRAFANA_URL: 'https://robots.example:9200',
  OIDC_GRAFANA_SECRET: '0123456789abcdef0123456789abcdef',
});
const DISCOVERY = '/oidc/.well-known/openid-configuration';
const EVIL = 'evil.example';

/** Each from another address, so that limits are not what is tested. */
let address = 0;
const from = () => ({ 'x-forwarded-for': `203.0.113.${++address}` });
const ask = async (path: string, headers: Record<string, string>, origin = server.origin()) => {
  const reply = await request(`${origin}${path}`, { headers: { ...from(), ...headers } });
  return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() };
};

it('without clients there is no provider', async () => {
  for (const path of [DISCOVERY, '/oidc/auth', '/oidc/token', '/oidc'])
    expect((await without.app().inject({ url: path })).statusCode, path).toBe(404);
});

describe('whatever a request says about its host', () => {
  it.each([
    {},
    { 'x-forwarded-proto': 'https' },
    { 'x-forwarded-port': '1' },
    { forwarded: `host=${EVIL};proto=https` },
    { origin: `https://${EVIL}` },
  ])('%o, everything is of PUBLIC_URL', async (headers) => {
    for (const origin of [server.origin(), server.apiOrigin()]) {
      const { status, text, headers: got } = await ask(DISCOVERY, headers as Record<string, string>, origin);
      expect(status).toBe(200);
      const document = JSON.parse(text);
      expect(document.issuer).toBe(`${server.origin()}/oidc`);
      const urls = Object.entries(document).filter(([name]) => /_endpoint$|_uri$/.test(name));
      expect(urls.length).toBeGreaterThan(4);
      for (const [, url] of urls) expect(url).toMatch(new RegExp(`^${server.origin()}/oidc/`));
      expect(Object.keys(got).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it.each([[{ host: EVIL }], [{ host: `${EVIL}:9101` }], [{ 'x-forwarded-host': EVIL }]])(
    '%o: another name is not served',
    async (headers) => {
      for (const path of [
        DISCOVERY,
        '/oidc/auth?client_id=grafana',
        '/oidc/session/end',
        '/oidc/interaction/abcdefghijkl',
      ]) {
        const { status, text } = await ask(path, headers as unknown as Record<string, string>);
        expect(status, path).toBe(404);
        expect(text).not.toContain(EVIL);
      }
    },
  );

  it('a whole URL as the request target changes nothing', async () => {
    const { port } = new URL(server.apiOrigin());
    const answer = async (host: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(`GET http://${EVIL}${DISCOVERY} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      await once(socket, 'close');
      return text;
    };
    expect(await answer('127.0.0.1')).not.toContain(EVIL);
    expect(await answer(EVIL)).toMatch(/^HTTP\/1\.1 404/);
  });

  it('the addresses that apps call themselves work by any name, and the issuer stays', async () => {
    const { browser } = await server.person();
    const { url, verifier } = await server.begin('grafana');
    const { url: back } = await browser.go(url);
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') as string,
      redirect_uri: server.callback.grafana,
      code_verifier: verifier,
    });
    const headers = {
      ...from(),
      host: 'api:9100',
      authorization: `Basic ${Buffer.from('grafana:b1946ac92492d2347c6235b4d2611184').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const reply = await request(`${server.apiOrigin()}/oidc/token`, { method: 'POST', headers, body: form.toString() });
    const tokens = (await reply.body.json()) as { access_token: string; id_token: string };
    expect(reply.statusCode).toBe(200);
    const { iss } = JSON.parse(Buffer.from(tokens.id_token.split('.')[1] as string, 'base64url').toString());
    expect(iss).toBe(`${server.origin()}/oidc`);
    const authorization = `Bearer ${tokens.access_token}`;
    expect((await ask('/oidc/me', { host: 'api:9100', authorization }, server.apiOrigin())).status).toBe(200);
    expect((await ask('/oidc/jwks', { host: 'api:9100' }, server.apiOrigin())).status).toBe(200);
  });
});

it('with https, cookies are secure and have the prefix', async () => {
  const { cookies } = await secure.signIn((await secure.person()).email);
  const apps = cookies.find(({ name }) => name.includes('_apps_'));
  expect(apps).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax', path: '/oidc' });
  expect(apps?.name).toMatch(/^__Secure-/);
  const query = new URLSearchParams({
    client_id: 'grafana',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: 'https://robots.example:9200/login/generic_oauth',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  });
  const reply = await secure.app().inject({ url: `/oidc/auth?${query}`, headers: { host: 'robots.example' } });
  expect(reply.statusCode).toBe(303);
  expect(reply.headers.location).toMatch(/^https:\/\/robots\.example:9101\/oidc\/interaction\//);
  const set = [reply.headers['set-cookie']].flat();
  expect(set.length).toBeGreaterThan(1);
  for (const line of set) expect(line).toMatch(/^__Secure-.*; secure; httponly/i);
  expect(reply.headers['strict-transport-security']).toBeTruthy();
});

describe('hostile requests', () => {
  const HTML = { accept: 'text/html' };
  it.each([
    '/oidc/auth',
    '/oidc/auth?client_id=nobody',
    '/oidc/auth?client_id=grafana&client_id=superset',
    '/oidc/auth?client_id=grafana&redirect_uri=%00',
    '/oidc/auth?client_id[]=grafana',
    `/oidc/auth?client_id=${'%3Cscript%3Ealert(1)%3C/script%3E'}`,
    '/oidc/auth/nothing',
    '/oidc/auth/..%2f..%2fapi',
    '/oidc/interaction/nothing',
    '/oidc/interaction/%00',
    '/oidc/session/end?id_token_hint=a.b.c',
    '/oidc/session/end?id_token_hint=eyJhbGciOiJub25lIn0.eyJhdWQiOiJncmFmYW5hIn0.',
    '/oidc/nothing',
    '/oidc/__proto__',
    '/oidc/',
    '/oidc/reg',
    '/oidc/device',
    '/oidc/me',
  ])('%s gets a plain refusal', async (path) => {
    for (const headers of [HTML, { accept: 'application/json' }]) {
      const { status, text, headers: got } = await ask(path, headers);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/oops|node_modules|at \w+ \(|fonts\.googleapis|<script/i);
      expect(got['x-content-type-options']).toBe('nosniff');
      expect(got['cache-control']).toContain('no-store');
      expect(got['content-security-policy']).toContain("default-src 'none'");
    }
  });

  it.each(['request=eyJhbGciOiJub25lIn0.e30.', 'request_uri=http://169.254.169.254/'])(
    'a request hidden in %s is refused at the registered address, and nothing is fetched',
    async (parameter) => {
      const { status, headers } = await ask(`/oidc/auth?client_id=grafana&${parameter}`, HTML);
      expect(status).toBe(303);
      expect(String(headers.location)).toMatch(new RegExp(`^${server.callback.grafana}\\?error=request`));
    },
  );

  it('bodies are bounded and of one kind', async () => {
    const send = async (body: string, type: string) => {
      const headers = { ...from(), 'content-type': type };
      const reply = await request(`${server.origin()}/oidc/token`, { method: 'POST', headers, body });
      return { status: reply.statusCode, text: await reply.body.text() };
    };
    expect((await send(`x=${'y'.repeat(60_000)}`, 'application/x-www-form-urlencoded')).status).toBe(413);
    for (const [body, type] of [
      ['{"grant_type":"authorization_code"}', 'application/json'],
      ['%%%', 'application/x-www-form-urlencoded'],
      ['grant_type=a&grant_type=b', 'application/x-www-form-urlencoded'],
      ['grant_type=client_credentials', 'application/x-www-form-urlencoded'],
      ['grant_type=password&username=a&password=b', 'application/x-www-form-urlencoded'],
    ] as const) {
      const { status, text } = await send(body, type);
      expect([400, 401], body).toContain(status);
      expect(JSON.parse(text).error, body).toBeTruthy();
    }
  });

  it('other methods do not exist', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      const reply = await request(`${server.origin()}/oidc/jwks`, {
        method,
        headers: { origin: 'https://evil.example' },
      });
      expect(reply.statusCode, method).toBe(404);
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
      await reply.body.dump();
    }
  });

  it('people read it in their language', async () => {
    const { text } = await ask('/oidc/auth/nothing', { accept: 'text/html', 'accept-language': 'ru-RU,ru' });
    expect(text).toContain('начните заново');
    expect(text).toContain('lang="ru"');
  });
});

describe('limits', () => {
  const token = (secret: string, address: string) =>
    request(`${server.origin()}/oidc/token`, {
      method: 'POST',
      headers: {
        'x-forwarded-for': address,
        authorization: `Basic ${Buffer.from(`grafana:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=refresh_token&refresh_token=x',
    }).then(async (reply) => [reply.statusCode, JSON.parse(await reply.body.text()), reply.headers] as const);
  const GOOD = 'b1946ac92492d2347c6235b4d2611184';

  it('wrong client secrets are counted for each address, and good ones are not', async () => {
    for (let i = 0; i < 20; i++) expect((await token(GOOD, '198.51.100.1'))[0]).toBe(400);
    const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => token(`wrong ${i}`, '198.51.100.2')));
    expect(replies.filter(([status]) => status === 401)).toHaveLength(5);
    const limited = replies.filter(([status]) => status === 429);
    expect(limited).toHaveLength(7);
    expect(limited[0]?.[1].code).toBe('rate_limited');
    expect(Number(limited[0]?.[2]['retry-after'])).toBeGreaterThan(0);
    expect((await token(GOOD, '198.51.100.2'))[0]).toBe(429);
    expect((await token(GOOD, '198.51.100.1'))[0]).toBe(400);
  });

  it.each(['/oidc/token/', '/oidc/Token', '/oidc/tok%65n', '/oidc//token', '/oidc/token;x', '/oidc/./token'])(
    'there is no way round them by %s',
    async (path) => {
      const { port } = new URL(server.apiOrigin());
      const socket = connect(Number(port), '127.0.0.1');
      const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-for: 198.51.100.3\r\nconnection: close\r\n`;
      const form = 'content-type: application/x-www-form-urlencoded\r\ncontent-length: 12\r\n\r\ngrant_type=x';
      socket.write(`${head}${form}`);
      const text = Buffer.concat(await socket.toArray()).toString();
      expect(text).toMatch(/^HTTP\/1\.1 (404|429)/);
    },
  );

  it('sign-ins that a browser without a session begins are counted; those of others are not', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.7', accept: 'text/html' };
    const person = await server.person();
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { url } = await server.begin('grafana');
      statuses.push((await server.browser().go(url, { headers })).status);
      expect((await person.browser.go(url, { headers })).url.searchParams.get('code')).toBeTruthy();
    }
    expect(statuses.slice(0, 8).every((status) => status === 303)).toBe(true);
    expect(statuses.slice(8)).toEqual([429, 429]);
  });
});
