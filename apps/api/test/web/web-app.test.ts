import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import Fastify from 'fastify';
import { afterAll, expect, it } from 'vitest';
import { serveWebApp } from '../../src/web/web-app.ts';

const dist = mkdtempSync(join(tmpdir(), 'robowatch-dist-'));
mkdirSync(join(dist, 'assets'));
writeFileSync(join(dist, 'index.html'), '<!doctype html><title>Robowatch</title>');
writeFileSync(join(dist, 'assets/app-a1b2.js'), 'start()');
writeFileSync(join(dist, 'assets/app-a1b2.js.br'), brotliCompressSync('start()'));
afterAll(() => rmSync(dist, { recursive: true }));

async function serve(folder: string, publicUrl = 'http://localhost:9101') {
  const web = Fastify();
  await serveWebApp(web, { publicUrl }, folder);
  return (url: string, headers = {}) => web.inject({ url, headers });
}

it('caches files with hashed names for ever, the start page never, and serves them compressed', async () => {
  const get = await serve(dist);
  const script = await get('/assets/app-a1b2.js', { 'accept-encoding': 'gzip, br' });
  expect(script.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'br',
    'content-type': expect.stringContaining('javascript'),
  });
  expect((await get('/assets/app-a1b2.js')).body).toBe('start()');
  for (const path of ['/', '/index.html', '/robots/1?range=1h'])
    expect((await get(path)).headers, path).toMatchObject({ 'cache-control': 'no-cache' });
});

it('serves the start page for any path of the app, but not for a missing file', async () => {
  const get = await serve(dist);
  expect((await get('/robots/1/logs')).body).toContain('<title>Robowatch');
  expect((await get('/assets/app-old.js')).statusCode).toBe(404);
  expect((await get('/../package.json')).body).not.toContain('dependencies');
});

it('allows no inline scripts or styles, and nothing from other origins', async () => {
  const policy = String((await (await serve(dist))('/')).headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  for (const directive of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
    expect(policy).toContain(directive);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
});

it('says how to build the app if it has not been built', async () => {
  const reply = await (await serve(join(dist, 'nowhere')))('/');
  expect([reply.statusCode, reply.body]).toEqual([503, expect.stringContaining('npm run web:build')]);
});

it('sends HSTS if PUBLIC_URL is https', async () => {
  const secure = await (await serve(dist, 'https://robots.example'))('/robots/1');
  expect(secure.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
  expect((await (await serve(dist))('/')).headers).not.toHaveProperty('strict-transport-security');
});
