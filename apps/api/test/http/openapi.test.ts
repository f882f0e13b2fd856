import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OPENAPI_FILE, openApiText } from '../../src/write-openapi.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

it('openapi.json is up to date with the routes; `npm run openapi` writes it', async () => {
  expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(await openApiText());
});

it('is served, and browsable', async () => {
  const { body } = await api.call('GET', '/openapi.json');
  expect(Object.keys(body.paths)).toContain('/api/pair/{code}/confirm');
  expect((await api.call('GET', '/docs/')).status).toBe(200);
});

it('replies are not shown as pages, nor in frames; the pages to browse run only their own scripts', async () => {
  const { token } = await api.person();
  const policyOf = ({ headers }: { headers: Record<string, unknown> }) =>
    String(headers['content-security-policy']).split(/; */);
  for (const path of ['/health', '/robots', '/robots/999', '/nothing', '/robots/%zz', '/metrics']) {
    const reply = await api.call(path === '/metrics' ? 'POST' : 'GET', path, { token });
    expect(policyOf(reply), path).toEqual(
      expect.arrayContaining(["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", 'sandbox']),
    );
    expect(reply.headers['x-content-type-options'], path).toBe('nosniff');
  }
  const pages = policyOf(await api.call('GET', '/docs/'));
  expect(pages.find((directive) => directive.startsWith('script-src'))).not.toContain('unsafe');
  expect(pages).not.toContain('sandbox');
});

it('health and readiness need no sign-in; an unknown URL gets a problem document', async () => {
  expect((await api.call('GET', '/health')).body).toEqual({ status: 'ok' });
  expect((await api.call('GET', '/ready')).body).toEqual({ status: 'ready', database: 'ok', metrics_store: 'ok' });
  const { status, headers, body } = await api.call('GET', '/nothing');
  expect([status, body.code, headers['content-type']]).toEqual([404, 'not_found', 'application/problem+json']);
});

it('a malformed URL gets a problem document, too', async () => {
  const { token } = await api.person();
  for (const [path, status, code] of [
    ['/robots/%zz', 400, 'validation_failed'],
    ['/%', 400, 'validation_failed'],
    [`/robots/${'1'.repeat(900)}`, 404, 'not_found'],
  ] as const) {
    const { headers, body, ...reply } = await api.call('GET', path, { token });
    expect([reply.status, body.status, body.code], path).toEqual([status, status, code]);
    expect(headers['content-type'], path).toBe('application/problem+json');
    expect(body.request_id, path).toBeTruthy();
  }
});
