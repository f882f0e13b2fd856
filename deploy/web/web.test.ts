import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../../apps/api/test/support/server-process.ts';
import { ensureBuilt } from '../../apps/web/build/ensure-built.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { buildImage } from '../../tools/real/images.ts';
import { untilListening } from '../../tools/real/until-listening.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'robowatch-web-container-'));
/** Address of a proxy in front of the container. */
const PROXY = '127.0.0.2';
let server: ServerProcess;
let image: Awaited<ReturnType<typeof buildImage>>;
let container: Awaited<ReturnType<typeof image.start>>;
let origin: string;

beforeAll(async () => {
  await ensureBuilt();
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  const openId = { GRAFANA_URL: 'https://grafana.example', OIDC_GRAFANA_SECRET: 'b1946ac92492d2347c6235b4d2611184' };
  const trusted = { TRUSTED_PROXIES: `127.0.0.1, ${PROXY}` };
  server = await launch({ env: { DATA_DIR: dir, PUBLIC_URL: origin, ...trusted, ...openId } });
  image = await buildImage(join(import.meta.dirname, 'Dockerfile'), CHECKOUT);
  container = await image.start({
    WEB_BIND: '127.0.0.1',
    WEB_PORT: String(port),
    API_URL: `http://127.0.0.1:${server.ports.API_PORT}`,
    WEB_URL: server.origin,
    TRUSTED_PROXIES: `10.0.0.0/8, ${PROXY}`,
  });
  await untilListening(port, container);
});
afterAll(async () => {
  await container?.stop();
  await image?.remove();
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

const HEADERS = [
  ...['content-security-policy', 'x-content-type-options', 'x-frame-options', 'referrer-policy'],
  ...['cross-origin-opener-policy', 'cross-origin-resource-policy', 'cache-control'],
];
const picked = (headers: Record<string, unknown>) =>
  HEADERS.map((name) => [name, String(headers[name]).replace(/;\s*/g, ';').toLowerCase()]);

/** Does not use fetch, which would decompress. */
function get(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status?: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    request(url, { headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => resolve({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });
}
/** The address that the server records for a pairing request from `localAddress`. */
async function addressSeen(code: string, localAddress: string, forwarded: string) {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded };
  const asking = request(`${origin}/api/pair`, { method: 'POST', localAddress, headers });
  asking.end(JSON.stringify({ hostname: 'orange', code }));
  const [reply] = (await once(asking, 'response')) as [IncomingMessage];
  expect(reply.resume().statusCode).toBe(201);
  return (await server.call('GET', `/pair/${code}`, { token: await server.signIn() })).body.address;
}

const asset = async () => /src="(\/assets\/[^"]+\.js)"/.exec((await get(origin)).body.toString())?.[1] as string;

describe('the web app’s container', () => {
  it('runs unprivileged and logs no complaints', () => {
    expect(image.config.User).toBe('1000:1000');
    expect(Object.keys(image.config.ExposedPorts)).toEqual(['9101/tcp']);
    expect(container.output()).toContain('server running');
    expect(container.output()).not.toMatch(/"level":"error"/);
  });

  it('serves the same app with the same headers as npm start', async () => {
    for (const path of ['/', '/robots/7', '/pair?code=12345678', await asset()]) {
      const [own, ours] = [await get(origin + path), await get(server.origin + path)];
      expect(own.status, path).toBe(200);
      expect(own.body.equals(ours.body), path).toBe(true);
      expect(picked(own.headers), path).toEqual(picked(ours.headers));
      expect(own.headers['content-type'], path).toMatch(/^text\/(html|javascript); charset=utf-8$/);
    }
    expect((await get(`${origin}/assets/none.js`)).status).toBe(404);
  });

  it('sends HSTS when served over https, and only then', async () => {
    for (const path of ['/', await asset()]) {
      const over = async (proto: string) =>
        (await get(origin + path, { 'x-forwarded-proto': proto })).headers['strict-transport-security'];
      expect(await over('https'), path).toMatch(/^max-age=\d{8}/);
      expect(await over('http'), path).toBeUndefined();
    }
    expect((await get(origin)).headers).not.toHaveProperty('strict-transport-security');
  });

  it('serves the files as compressed by the build', async () => {
    for (const encoding of ['br', 'gzip']) {
      const reply = await get(origin + (await asset()), { 'accept-encoding': encoding });
      expect(reply.headers['content-encoding']).toBe(encoding);
    }
  });

  it('forwards the client address from a trusted proxy, and trusts nobody else', async () => {
    expect(await addressSeen('31415926', PROXY, '203.0.113.7')).toBe('203.0.113.7');
    expect(await addressSeen('31415927', PROXY, '8.8.8.8, 203.0.113.7')).toBe('203.0.113.7');
    expect(await addressSeen('31415928', '127.0.0.3', '203.0.113.7')).toBe('127.0.0.3');
  });

  it('proxies the OpenID provider', async () => {
    const discovery = await get(`${origin}/oidc/.well-known/openid-configuration`);
    expect(JSON.parse(discovery.body.toString()).issuer).toBe(`${origin}/oidc`);
    expect((await get(`${origin}/oidc`)).headers['content-type']).toContain('json');
  });

  it('proxies the API: a person signs in, a robot reports, events arrive without delay', async () => {
    const call = (path: string, options: RequestInit = {}) => fetch(`${origin}/api${path}`, options);
    const json = { 'content-type': 'application/json' };
    const login = await call('/auth/login', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ email: 'admin@lab.example', password: 'correct horse battery' }),
    });
    const { access_token } = (await login.json()) as { access_token: string };
    const bearer = { authorization: `Bearer ${access_token}` };
    const events = await call('/events', { headers: bearer });
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('retry');
    await call('/pair', { method: 'POST', headers: json, body: '{"hostname":"orange","code":"57721566"}' });
    const confirmed = await call('/pair/57721566/confirm', {
      method: 'POST',
      headers: { ...json, ...bearer },
      body: '{}',
    });
    const { influxdb_token } = (await confirmed.json()) as { influxdb_token: string };
    expect((await reader?.read())?.value).toContain('robot_paired');
    await reader?.cancel();
    const report = { method: 'POST', headers: { authorization: `Bearer ${influxdb_token}` }, body: 'm v=1' };
    expect((await call('/metrics', report)).status).toBe(204);
    expect(await (await fetch(`${origin}/install.sh`)).text()).toMatch(/^#!\/bin\/sh/);
  });

  it('tells a browser when the server does not respond, and a program by the status only', async () => {
    await server.end();
    const people = await get(`${origin}/oidc/session/end`, { accept: 'text/html' });
    expect([people.status, people.body.toString()]).toEqual([
      502,
      expect.stringContaining('Robowatch does not respond at the moment'),
    ]);
    const script = await get(`${origin}/api/robots`, { accept: 'application/json' });
    expect([script.status, script.body.toString()]).toEqual([502, '']);
  });
});
