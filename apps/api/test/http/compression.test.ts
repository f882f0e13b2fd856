import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

async function get(url: string, token: string, accepted: string) {
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': accepted };
  const reply = await api.app().inject({ method: 'GET', url: `/api${url}`, headers });
  return { encoding: reply.headers['content-encoding'], vary: reply.headers.vary, raw: reply.rawPayload };
}

it('compresses long JSON replies if the client accepts it, and no short ones', async () => {
  const owner = await api.person();
  for (let i = 0; i < 5; i++) await api.pairedRobot(owner, `robot ${i}`);
  const plain = await get('/robots', owner.token, 'identity');
  expect(plain.encoding).toBeUndefined();
  expect(JSON.parse(String(plain.raw)).items).toHaveLength(5);

  const [brotli, gzip] = [await get('/robots', owner.token, 'gzip, br'), await get('/robots', owner.token, 'gzip')];
  expect([brotli.encoding, gzip.encoding]).toEqual(['br', 'gzip']);
  expect(brotliDecompressSync(brotli.raw)).toEqual(plain.raw);
  expect(gunzipSync(gzip.raw)).toEqual(plain.raw);
  expect(brotli.raw.length).toBeLessThan(plain.raw.length / 2);
  expect(brotli.vary).toContain('accept-encoding');

  expect((await get('/auth/me', owner.token, 'gzip, br')).encoding).toBeUndefined();
});

it('does not compress event streams, and refuses compressed requests', async () => {
  const owner = await api.person();
  const url = await api.app().listen({ host: '127.0.0.1', port: 0 });
  const headers = { authorization: `Bearer ${owner.token}`, 'accept-encoding': 'gzip, br' };
  const abort = new AbortController();
  const stream = await fetch(`${url}/api/events`, { headers, signal: abort.signal });
  expect(stream.headers.get('content-encoding')).toBeNull();
  abort.abort();

  const packed = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
  const body = gzipSync(JSON.stringify({ name: 'x' }));
  const refused = await api.app().inject({
    ...{ method: 'PATCH', url: '/api/auth/me', payload: body },
    headers: { ...packed, authorization: `Bearer ${owner.token}` },
  });
  expect(refused.statusCode).toBe(400);
});
