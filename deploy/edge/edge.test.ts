import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEdge } from './start-edge.ts';

/** None of what is behind the edge exists. */
let edge: Awaited<ReturnType<typeof startEdge>>;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge?.stop());

async function call(port: string, path: string, headers: Record<string, string>, method = 'GET') {
  const sent = request({ host: '127.0.0.1', port: edge.ports.get(port), path, headers, method, ca: edge.ca });
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
