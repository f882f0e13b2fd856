import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { type Composition, compose } from '../../src/composition.ts';
import { deleteFormerKeys, rotateProviderKeys } from '../../src/oidc/keys.ts';
import { deriveKey } from '../../src/secrets/derive-key.ts';
import { useOpenId } from '../support/open-id.ts';

const server = useOpenId();
/** Another replica, on the same database and with the same settings. */
let replica: { deps: Composition; app: Awaited<ReturnType<typeof buildApp>>; origin: string };

async function start() {
  const deps = await compose(server.deps().config);
  const app = await buildApp(deps);
  return { deps, app, origin: await app.listen({ host: '127.0.0.1', port: 0 }) };
}
async function stop({ app, deps }: typeof replica) {
  await app.close();
  await deps.close();
}
beforeAll(async () => {
  replica = await start();
});
afterAll(() => stop(replica));

const rotate = () => rotateProviderKeys(server.deps().db, deriveKey(server.deps().config.secretKey, 'OpenID keys'));
const published = async (origin: string) => (await (await fetch(`${origin}/oidc/jwks`)).json()) as JSONWebKeySet;
const kids = async (origin: string) => (await published(origin)).keys.map(({ kid }) => kid);
const kidOf = (token = '') => decodeProtectedHeader(token).kid;

/** The same sign-in, begun at one replica and finished at another. */
async function across(from: string, to: string) {
  const { browser } = await server.person();
  const { url, verifier } = await server.begin('grafana');
  const { url: back } = await browser.go(url.href.replace(server.origin(), from));
  const code = back.searchParams.get('code') as string;
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: server.callback.grafana,
    code_verifier: verifier,
  };
  return { browser, ...(await server.token(form, 'grafana', undefined, to)) };
}

it('replicas share everything: one begins what another finishes', async () => {
  for (const [from, to] of [
    [server.origin(), replica.origin],
    [replica.origin, server.origin()],
  ] as const) {
    const { status, body, browser } = await across(from, to);
    expect(status).toBe(200);
    expect(await kids(from)).toEqual(await kids(to));
    await browser.go('/api/auth/logout', { method: 'POST' });
    const me = await fetch(`${to}/oidc/me`, { headers: { authorization: `Bearer ${body.access_token}` } });
    expect(me.status).toBe(401);
  }
});

it('a rotation shows on all replicas at once, and what was signed before stays valid', async () => {
  const { browser } = await server.person();
  const before = await server.open('grafana', browser);
  const kid = await rotate();
  expect(kidOf(before.tokens.id_token)).not.toBe(kid);
  for (const origin of [replica.origin, server.origin()]) expect((await kids(origin))[0]).toBe(kid);
  // The browser's cookies were signed with the former key.
  const after = await server.open('grafana', browser);
  expect(kidOf(after.tokens.id_token)).toBe(kid);
  const jwks = createRemoteJWKSet(new URL(`${replica.origin}/oidc/jwks`));
  for (const { tokens } of [before, after])
    expect((await jwtVerify(tokens.id_token as string, jwks)).payload.aud).toBe('grafana');
  expect((await server.userInfo(before.tokens.access_token)).status).toBe(200);
  expect((await across(replica.origin, server.origin())).status).toBe(200);
});

it('a former key is published until what it signed has expired', async () => {
  const { browser } = await server.person();
  const { tokens } = await server.open('grafana', browser);
  await rotate();
  const { db } = server.deps();
  const retired = (minutes: number) =>
    db
      .updateTable('oidc_keys')
      .set({ retired_at: new Date(Date.now() - minutes * 60_000) })
      .where('retired_at', 'is not', null)
      .execute();
  await retired(60);
  await deleteFormerKeys(db);
  expect(await kids(server.origin())).toContain(kidOf(tokens.id_token));
  await retired(63);
  await deleteFormerKeys(db);
  expect(await kids(server.origin())).toHaveLength(1);
  expect(await kids(replica.origin)).toHaveLength(1);
  expect((await server.open('grafana', browser)).tokens.claims()?.aud).toBe('grafana');
});

it('a restart changes nothing', async () => {
  const { browser } = await server.person();
  const { tokens } = await server.open('grafana', browser);
  const before = await published(server.origin());
  const again = await start();
  expect(await published(again.origin)).toEqual(before);
  const keys = createLocalJWKSet(await published(again.origin));
  expect((await jwtVerify(tokens.id_token as string, keys)).payload.sub).toBeTruthy();
  const { url } = await server.begin('grafana');
  expect((await browser.go(url.href.replace(server.origin(), again.origin))).url.searchParams.get('code')).toBeTruthy();
  await stop(again);
});

it('replicas that start on an empty database make one key', async () => {
  const { db } = server.deps();
  await db.deleteFrom('oidc_keys').execute();
  const several = await Promise.all([start(), start(), start()]);
  const seen = await Promise.all([...several, replica].map(({ origin }) => kids(origin)));
  expect(new Set(seen.flat()).size).toBe(1);
  await Promise.all(several.map(stop));
});

it('private keys are neither published nor readable in the database', async () => {
  for (const key of (await published(server.origin())).keys)
    for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(part);
  const rows = await server.deps().db.selectFrom('oidc_keys').selectAll().execute();
  for (const { encrypted_key } of rows) expect(encrypted_key.toString('latin1')).not.toMatch(/"kty"|"d"/);
});
