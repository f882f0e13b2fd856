import { sql } from 'kysely';
import * as oidc from 'openid-client';
import { describe, expect, it } from 'vitest';
import { deleteExpired } from '../../src/oidc/artifact-store.ts';
import { useOpenId } from '../support/open-id.ts';

const server = useOpenId();
type Tokens = Awaited<ReturnType<typeof server.token>>['body'];

/** The form with which an app exchanges a code. */
async function codeForm() {
  const { browser } = await server.person();
  const { url, verifier } = await server.begin('grafana');
  const { url: back } = await browser.go(url);
  const code = back.searchParams.get('code') as string;
  const redirect_uri = server.callback.grafana;
  return { form: { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier }, browser };
}
const refresh = (refresh_token = '') => server.token({ grant_type: 'refresh_token', refresh_token });
const works = async ({ access_token = '' }: Tokens) => (await server.userInfo(access_token)).status === 200;

/** As if so many days had passed since it was issued. */
const age = (refreshToken: string, days: number) =>
  sql`update oidc_artifacts set payload = payload || jsonb_build_object(
      'iat', (payload->>'iat')::int - ${days * 86_400}::int, 'exp', (payload->>'exp')::int - ${days * 86_400}::int)
    where model = 'RefreshToken' and id = encode(sha256(${refreshToken}::bytea), 'hex')`.execute(server.deps().db);

describe('a code', () => {
  it('works once, and being used again ends what came of it', async () => {
    const { form } = await codeForm();
    const first = await server.token(form);
    expect(first.status).toBe(200);
    expect(await works(first.body)).toBe(true);
    expect((await server.token(form)).body.error).toBe('invalid_grant');
    expect(await works(first.body)).toBe(false);
    expect((await refresh(first.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('used ten times at once works once, and nothing is left of it', async () => {
    for (let round = 0; round < 5; round++) {
      const { form, browser } = await codeForm();
      const replies = await Promise.all(Array.from({ length: 10 }, () => server.token(form)));
      const good = replies.filter(({ status }) => status === 200);
      expect(good).toHaveLength(1);
      for (const { status, body } of replies)
        if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant']);
      expect(await works((good[0] as (typeof replies)[0]).body)).toBe(false);
      expect((await refresh(good[0]?.body.refresh_token)).status).toBe(400);
      await server.open('grafana', browser);
    }
  });

  it('expires', async () => {
    const { form } = await codeForm();
    const { db } = server.deps();
    await db
      .updateTable('oidc_artifacts')
      .set({ expires_at: new Date() })
      .where('model', '=', 'AuthorizationCode')
      .execute();
    expect((await server.token(form)).body.error).toBe('invalid_grant');
  });
});

describe('a refresh token', () => {
  it('is replaced late in its life; used again after that, it ends the whole chain', async () => {
    const { form } = await codeForm();
    const first = (await server.token(form)).body;
    expect((await refresh(first.refresh_token)).body.refresh_token).toBe(first.refresh_token);
    await age(first.refresh_token as string, 25);
    const second = (await refresh(first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await works(second)).toBe(true);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    expect(await works(second)).toBe(false);
    expect((await refresh(second.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('replaced by several requests at once leaves no second chain', async () => {
    const { form } = await codeForm();
    const first = (await server.token(form)).body;
    await age(first.refresh_token as string, 25);
    const replies = await Promise.all(Array.from({ length: 10 }, () => refresh(first.refresh_token)));
    const chains = replies.filter(({ body }) => body.refresh_token && body.refresh_token !== first.refresh_token);
    expect(chains.length).toBeLessThanOrEqual(1);
    for (const { body } of chains) expect((await refresh(body.refresh_token)).status).toBe(400);
  });

  it('keeps the session alive that it came from', async () => {
    const { form, browser } = await codeForm();
    const { refresh_token } = (await server.token(form)).body;
    const { db } = server.deps();
    const soon = new Date(Date.now() + 60_000);
    const id = browser.cookie('_apps_')?.split('.')[0] as string;
    const session = db
      .updateTable('sessions')
      .set({ expires_at: soon, last_used_at: new Date(Date.now() - 86_400_000) });
    await session.where('id', '=', id).execute();
    await refresh(refresh_token);
    const after = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(after.expires_at.getTime()).toBeGreaterThan(Date.now() + 20 * 86_400_000);
  });
});

it('what has expired is deleted, what has not stays', async () => {
  const { form, browser } = await codeForm();
  const { db } = server.deps();
  const left = async () => (await db.selectFrom('oidc_artifacts').select(['model', 'expires_at']).execute()).length;
  const { tokens } = await server.open('superset', browser);
  await db
    .updateTable('oidc_artifacts')
    .set({ expires_at: new Date(0) })
    .where('model', '=', 'AuthorizationCode')
    .execute();
  const before = await left();
  const deleted = await deleteExpired(db);
  expect(deleted).toBeGreaterThan(0);
  expect(await left()).toBe(before - deleted);
  expect((await server.userInfo(tokens.access_token)).status).toBe(200);
  expect((await server.token(form)).body.error).toBe('invalid_grant');
});

it('a token issued while its session is being ended is worthless', async () => {
  for (let round = 0; round < 5; round++) {
    const { form, browser } = await codeForm();
    const [reply] = await Promise.all([server.token(form), browser.go('/api/auth/logout', { method: 'POST' })]);
    if (reply.status === 200) {
      expect(await works(reply.body)).toBe(false);
      expect((await refresh(reply.body.refresh_token)).status).toBe(400);
    }
  }
});

it('the client library accepts every answer', async () => {
  const { browser, id } = await server.person();
  const { config, tokens } = await server.open('grafana', browser);
  expect((await oidc.fetchUserInfo(config, tokens.access_token, String(id))).sub).toBe(String(id));
});
