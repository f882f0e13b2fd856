import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi({ INGEST_MAX_BODY_BYTES: '2000', LISTEN_HOST: '127.0.0.1' });
let url: string;
beforeAll(async () => {
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
});

/** Over a socket, reports bypass the framework; through `inject`, they take the route. */
const REPORTS: [situation: string, query: string, body: string | Buffer, headers: Record<string, string>][] = [
  ['good lines', '', 'm v=1\nm v=2', {}],
  ['a precision', '?precision=s', 'm v=1 1790000000', {}],
  ['an unknown precision', '?precision=m', 'm v=1', {}],
  ['other parameters', '?org=lab&bucket=b', 'm v=1', {}],
  ['gzip', '', gzipSync('m v=1'), { 'content-encoding': 'gzip' }],
  ['broken gzip', '', 'm v=1', { 'content-encoding': 'gzip' }],
  ['an unknown encoding', '', 'm v=1', { 'content-encoding': 'br' }],
  ['a bad line', '', 'm v=1\nm v', {}],
  ['nothing', '', '', {}],
  ['too much', '', 'm v=1\n'.repeat(1000), {}],
];

it.each(REPORTS)('gets the same reply either way: %s', async (_situation, query, body, headers) => {
  const { token } = await api.pairedRobot(await api.person());
  const type = { 'content-type': 'text/plain' };
  const authorization = { authorization: `Bearer ${token}` };
  const short = await fetch(`${url}/api/metrics${query}`, {
    method: 'POST',
    headers: { ...type, ...authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const long = await api.report(token, body, headers, query);
  const shown = (document: { request_id?: string }) => ({ ...document, request_id: undefined });
  const text = await short.text();
  expect(short.status).toBe(long.status);
  expect(shown(text ? JSON.parse(text) : {})).toEqual(shown(long.body || {}));
  expect(short.headers.get('content-type')).toBe(long.headers['content-type'] ?? null);
});

it('are refused either way without a valid token, and only POST is a report', async () => {
  for (const authorization of ['', 'Bearer', 'Bearer nobody', 'Basic bm9ib2R5']) {
    const init = { method: 'POST', body: 'm v=1', headers: { 'content-type': 'text/plain', authorization } };
    const short = await fetch(`${url}/api/metrics`, init);
    expect([short.status, short.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const long = await api.call('POST', '/metrics', { body: 'm v=1', headers: init.headers });
    expect([long.status, long.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  }
  for (const [method, path] of [
    ['GET', '/api/metrics'],
    ['PUT', '/api/metrics'],
    ['POST', '/api/metricsx'],
  ] as const) {
    expect((await fetch(`${url}${path}`, { method })).status).toBe(404);
  }
});
