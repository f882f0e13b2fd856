import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureCaddy } from '../../tools/real/caddy.ts';
import { makeCertificates } from '../../tools/real/certificates.ts';
import { type Child, startChild } from '../../tools/real/child.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { untilListening } from '../../tools/real/until-listening.ts';

/** The real configuration, on free ports of this machine. None of what is behind the edge exists. */
const PORTS = ['8080', '8081', '8443', '9100', '9101', '9200', '9300'];
const ports = new Map<string, number>();
let dir: string;
let ca: string;
let edge: Child;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-edge-'));
  await cp(import.meta.dirname, dir, { recursive: true });
  const made = await makeCertificates(join(dir, 'made'));
  ca = made.ca;
  const files = join(dir, 'files');
  await mkdir(files);
  await writeFile(join(files, 'edge.pem'), Buffer.concat([made.cert, made.key]));
  await writeFile(join(dir, 'tls/files.tls'), `load ${files}\n`);
  for (const port of PORTS) ports.set(port, await freePort());
  const moved = (config: string) =>
    config
      .replace(/(\s|\}|127\.0\.0\.1):(\d{4})\b/g, (whole, before, port) =>
        ports.has(port) ? `${before}:${ports.get(port)}` : whole,
      )
      .replace(/(https?_port) (\d{4})/g, (_, name, port) => `${name} ${ports.get(port)}`);
  const config = join(dir, 'Caddyfile');
  await writeFile(config, moved(await readFile(config, 'utf8')));
  const env = { HOST: '127.0.0.1', EMAIL: '', CERTIFICATES: 'files', WEB_PORT: '9101', HOME: dir, XDG_DATA_HOME: dir };
  edge = await startChild(await ensureCaddy(), ['run', '--config', config, '--adapter', 'caddyfile'], {
    cwd: dir,
    env,
  });
  await untilListening(ports.get('9300') as number, edge);
});
afterAll(async () => {
  await edge?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function call(port: string, path: string, headers: Record<string, string>, method = 'GET') {
  const sent = request({ host: '127.0.0.1', port: ports.get(port), path, headers, method, ca });
  sent.end();
  const reply = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
  return { status: reply.statusCode as number, headers: reply.headers, body: await text(reply) };
}
const page = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

it.each([
  ['9300', '/superset/welcome/', 'Superset'],
  ['9200', '/d/robowatch-fleet', 'Grafana'],
  ['9101', '/robots/7', 'Robowatch'],
  ['8443', '/oidc/auth?client_id=superset', 'Robowatch'],
  ['9100', '/api/docs', 'Robowatch'],
])('a browser is told at port %s%s that %s does not respond, and asks again', async (port, path, name) => {
  const english = await call(port, path, page);
  expect([502, 503]).toContain(english.status);
  expect(english.body).toContain(`<h1 style="font-size: 1.125rem">${name} does not respond at the moment</h1>`);
  expect(english.body).toContain('<meta http-equiv="refresh" content="10">');
  expect(english.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'retry-after': '10',
    'strict-transport-security': 'max-age=31536000',
  });
  expect(english.headers.server).toBeUndefined();
  const russian = await call(port, path, { ...page, 'accept-language': 'ru-RU,ru;q=0.9,en;q=0.8' });
  expect([russian.status, russian.body]).toEqual([
    english.status,
    expect.stringContaining(`${name} сейчас не отвечает`),
  ]);
});

it.each([
  ['9101', '/api/metrics', 'POST', { accept: '*/*' }],
  ['9101', '/api/auth/refresh', 'POST', page],
  ['9100', '/api/robots', 'GET', { accept: 'application/json' }],
  ['9300', '/api/v1/chart/', 'GET', {}],
])('a program gets the bare status at port %s%s', async (port, path, method, headers) => {
  const { status, body, headers: given } = await call(port, path, headers, method);
  expect([502, 503]).toContain(status);
  expect([body, given['content-type']]).toEqual(['', undefined]);
});
