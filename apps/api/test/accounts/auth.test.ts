import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../src/accounts/set-up.ts';
import { rotateSigningKeys } from '../../src/accounts/signing-keys.ts';
import { deriveKey } from '../../src/secrets/derive-key.ts';
import { PASSWORD, type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi({ LOGIN_ATTEMPTS_PER_ACCOUNT: '5' });

describe('the first administrator', () => {
  it('is created once, even if ten people use the link at the same time', async () => {
    const link = await ensureFirstAdmin(api.deps().db, api.deps().config);
    const token = link?.split('#')[1];
    const tries = Array.from({ length: 10 }, (_, i) =>
      api.call('POST', '/auth/setup', {
        body: { token, email: `first-${i}@lab.example`, name: 'First', password: PASSWORD },
      }),
    );
    const statuses = (await Promise.all(tries)).map((reply) => reply.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(await ensureFirstAdmin(api.deps().db, api.deps().config)).toBeUndefined();
  });
});

describe('signing in', () => {
  it('gives the same reply for a wrong password and an unknown e-mail', async () => {
    const { email } = await api.person();
    const wrong = await api.signIn(email, 'wrong password');
    const unknown = await api.signIn('nobody@lab.example', 'wrong password');
    expect([wrong.status, wrong.body.detail]).toEqual([401, unknown.body.detail]);
  });

  it('limits concurrent failures too, and resets the count only after the wait', async () => {
    const { email } = await api.person();
    const replies = await Promise.all(Array.from({ length: 12 }, () => api.signIn(email, 'wrong password')));
    expect(replies.filter((reply) => reply.status === 401)).toHaveLength(5);
    const right = await api.signIn(email);
    expect(right.status).toBe(429);
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('refuses a token with a bad signature or no algorithm, and one that is no token', async () => {
    const { token } = await api.person();
    const [header = '', payload = ''] = token.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const forged of [`${header}.${payload}.AAAA`, none, 'nonsense']) {
      expect((await api.call('GET', '/auth/me', { token: forged })).status).toBe(401);
    }
  });

  it('does not wait for a key rotation in progress, even for an unknown key id', async () => {
    const { token } = await api.person();
    const { db } = api.deps();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const header = (kid: string) => Buffer.from(JSON.stringify({ alg: 'EdDSA', kid })).toString('base64url');
    const forged = Array.from({ length: 50 }, (_, i) => `${header(`made-up-${i}`)}.e30.AAAA`);
    const statuses = await db.transaction().execute(async (tx) => {
      await sql`lock table signing_keys in share row exclusive mode`.execute(tx);
      const calls = [...forged, token].map((one) => api.call('GET', '/auth/me', { token: one }));
      return (await Promise.all(calls)).map(({ status }) => status);
    });
    expect(statuses).toEqual([...forged.map(() => 401), 200]);
  });

  it('still accepts tokens signed with the previous key after a rotation', async () => {
    const { token } = await api.person();
    const { db, config } = api.deps();
    await rotateSigningKeys(db, deriveKey(config.secretKey, 'signing keys'), 900);
    expect((await api.call('GET', '/auth/me', { token })).status).toBe(200);
  });
});

describe('a session', () => {
  const refresh = (cookie: string) => api.call('POST', '/auth/refresh', { headers: { cookie } });
  const cookieOf = (reply?: { cookies: { name: string; value: string }[] }) =>
    `${reply?.cookies[0]?.name}=${reply?.cookies[0]?.value}`;

  it('is renewed, and ends when a refresh token is replayed', async () => {
    const { cookie } = await api.person();
    const renewed = await refresh(cookie);
    expect(renewed.status).toBe(200);
    const next = cookieOf(renewed);
    expect((await refresh(cookie)).body.code).toBe('session_ended');
    expect((await refresh(next)).status).toBe(401);
    expect((await api.call('GET', '/auth/me', { token: renewed.body.access_token })).status).toBe(401);
  });

  it('renews once for ten concurrent refreshes, and treats the others as replays', async () => {
    const { email } = await api.person();
    for (let round = 0; round < 30; round++) {
      const { cookie } = await api.signIn(email);
      const replies = await Promise.all(Array.from({ length: 10 }, () => refresh(cookie)));
      const renewed = replies.filter((reply) => reply.status === 200);
      expect(renewed).toHaveLength(1);
      expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200, 401]));
      expect((await refresh(cookieOf(renewed[0]))).status).toBe(401);
    }
  });

  it.each([
    ['the cookie', ({ cookie }: Person) => ({ headers: { cookie } })],
    ['the access token', ({ token }: Person) => ({ token })],
    ['both', ({ cookie, token }: Person) => ({ headers: { cookie }, token })],
  ])('ends when its owner signs out with %s, and other sessions do not', async (_, as) => {
    const [mine, admin] = [await api.person(), await api.person('admin')];
    const second = await api.signIn(mine.email);
    expect((await api.call('POST', '/auth/logout', as(mine))).status).toBe(204);
    expect((await api.call('GET', '/auth/me', { token: mine.token })).status).toBe(401);
    expect((await refresh(mine.cookie)).status).toBe(401);
    expect((await api.call('GET', '/auth/me', { token: second.token })).status).toBe(200);
    const { body } = await api.call('GET', `/audit?action=auth.logout&actor_id=${mine.id}`, { token: admin.token });
    expect(body.items).toHaveLength(1);
  });

  it('is not needed to sign out', async () => {
    for (const token of [undefined, 'nonsense', (await api.person()).token.slice(0, -4)])
      expect((await api.call('POST', '/auth/logout', { token })).status).toBe(204);
  });

  it('sets a cookie that scripts and other sites cannot use', async () => {
    const { email } = await api.person();
    const { headers } = await api.signIn(email);
    expect(String(headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/);
  });

  it('can be listed and ended by its owner only', async () => {
    const mine = await api.person();
    const other = await api.person();
    const second = await api.signIn(mine.email);
    const { body } = await api.call('GET', '/auth/sessions', { token: mine.token });
    expect(body.items).toHaveLength(2);
    const id = body.items.find((session: { current: boolean }) => !session.current).id;
    expect((await api.call('DELETE', `/auth/sessions/${id}`, { token: other.token })).status).toBe(404);
    expect((await api.call('DELETE', `/auth/sessions/${id}`, { token: mine.token })).status).toBe(204);
    expect((await api.call('GET', '/auth/me', { token: second.token })).status).toBe(401);
  });

  it('tells how it was begun, and all others can be ended at once', async () => {
    const [mine, stranger] = [await api.person(), await api.person()];
    const other = await api.signIn(mine.email);
    const link = await api.call('POST', `/users/${mine.id}/invitation`, { token: (await api.person('admin')).token });
    const sessions = async (token: string) => (await api.call('GET', '/auth/sessions', { token })).body.items;
    const methods = (items: { method: string }[]) => items.map(({ method }) => method).sort();
    expect(methods(await sessions(mine.token))).toEqual(['password', 'password']);
    expect((await api.call('DELETE', '/auth/sessions', { token: mine.token })).status).toBe(204);
    expect((await api.call('GET', '/auth/me', { token: other.token })).status).toBe(401);
    expect(await sessions(mine.token)).toMatchObject([{ current: true }]);
    expect(await sessions(stranger.token)).toHaveLength(1);

    const body = { token: link.body.invitation_url.split('#')[1], password: PASSWORD };
    const joined = await api.call('POST', '/auth/invitation/accept', { body });
    expect(methods(await sessions(joined.body.access_token))).toEqual(['link']);
    const ended = await api
      .deps()
      .db.selectFrom('audit_log')
      .select('details')
      .where('actor_id', '=', mine.id)
      .where('action', '=', 'auth.session_ended')
      .execute();
    expect(ended).toEqual([{ details: { sessions: 1 } }]);
  });

  it('ends in other browsers when the password changes', async () => {
    const mine = await api.person();
    const second = await api.signIn(mine.email);
    const change = { current_password: PASSWORD, new_password: 'an entirely new one' };
    expect(
      (await api.call('POST', '/auth/password', { token: mine.token, body: { ...change, current_password: 'no' } }))
        .status,
    ).toBe(401);
    expect((await api.call('POST', '/auth/password', { token: mine.token, body: change })).status).toBe(204);
    expect((await api.call('GET', '/auth/me', { token: second.token })).status).toBe(401);
    expect((await api.call('GET', '/auth/me', { token: mine.token })).status).toBe(200);
    expect((await api.signIn(mine.email, 'an entirely new one')).status).toBe(200);
  });
});

describe('users', () => {
  it('are invited by an administrator and choose a password once', async () => {
    const admin = await api.person('admin');
    const created = await api.call('POST', '/users', {
      token: admin.token,
      body: { email: 'New@Lab.example', name: 'New' },
    });
    expect(created.status).toBe(201);
    const token = created.body.invitation_url.split('#')[1];
    const accept = () => api.call('POST', '/auth/invitation/accept', { body: { token, password: PASSWORD } });
    const replies = await Promise.all([accept(), accept(), accept()]);
    expect(replies.map((reply) => reply.status).sort()).toEqual([201, 400, 400]);
    expect((await api.signIn('new@lab.example')).status).toBe(200);
  });

  it('have no address that only looks like another’s', async () => {
    const [admin, { email }] = [await api.person('admin'), await api.person()];
    const [name = '', host = ''] = email.split('@');
    const wide = name.replace(/[a-z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0));
    for (const [like, status] of [
      [`${wide}@${host}`, 409],
      [`${name}\u200b@${host}`, 400],
      [`${name}\u00ad@${host}`, 400],
    ] as const) {
      const body = { email: like, name: 'Like' };
      expect((await api.call('POST', '/users', { token: admin.token, body })).status).toBe(status);
    }
  });

  it('are shown to administrators as invited until they accept the invitation', async () => {
    const [admin, other] = [await api.person('admin'), await api.person()];
    const at = { token: admin.token };
    const body = { email: 'late@lab.example', name: 'Late' };
    const created = (await api.call('POST', '/users', { ...at, body })).body;
    const invited = async (id: number, token = admin.token) => (await api.call('GET', `/users/${id}`, { token })).body;
    expect(created.invited).toBe(true);
    expect(await invited(created.id)).toMatchObject({ is_active: true, invited: true });
    expect(await invited(created.id, other.token)).toMatchObject({ code: 'forbidden' });
    expect(await invited(other.id)).toMatchObject({ invited: false });
    const again = (await api.call('POST', `/users/${other.id}/invitation`, at)).body;
    expect(again.invited).toBe(false);

    const token = created.invitation_url.split('#')[1];
    const accepted = await api.call('POST', '/auth/invitation/accept', { body: { token, password: PASSWORD } });
    expect(accepted.status).toBe(201);
    const { items } = (await api.call('GET', '/users?q=late@', at)).body;
    expect(items).toMatchObject([{ id: created.id, invited: false }]);
  });

  it('who have set a password cannot have it replaced with an older link', async () => {
    const [admin, user] = [await api.person('admin'), await api.person()];
    const invited = await api.call('POST', `/users/${user.id}/invitation`, { token: admin.token });
    const token = invited.body.invitation_url.split('#')[1];
    const change = { current_password: PASSWORD, new_password: 'an entirely new one' };
    expect((await api.call('POST', '/auth/password', { token: user.token, body: change })).status).toBe(204);
    const accepted = await api.call('POST', '/auth/invitation/accept', { body: { token, password: PASSWORD } });
    expect([accepted.status, accepted.body.code]).toEqual([400, 'link_invalid']);
    expect((await api.signIn(user.email, 'an entirely new one')).status).toBe(200);
  });

  it('may be administered by administrators only', async () => {
    const user = await api.person();
    const admin = await api.person('admin');
    expect((await api.call('GET', '/users', { token: user.token })).status).toBe(403);
    expect(
      (await api.call('PATCH', `/users/${admin.id}`, { token: user.token, body: { is_active: false } })).status,
    ).toBe(403);
    expect((await api.call('DELETE', `/users/${admin.id}`, { token: user.token })).status).toBe(403);
    expect((await api.call('GET', '/audit', { token: user.token })).status).toBe(403);
    expect((await api.call('GET', '/users')).status).toBe(401);
  });

  it('lose access at once when deactivated, even with a valid access token', async () => {
    const admin = await api.person('admin');
    const user = await api.person();
    await api.call('PATCH', `/users/${user.id}`, { token: admin.token, body: { is_active: false } });
    expect((await api.call('GET', '/robots', { token: user.token })).status).toBe(401);
    expect((await api.signIn(user.email)).status).toBe(401);
  });

  it('always keep one active administrator, even if two remove each other at the same time', async () => {
    const { db } = api.deps();
    await db.updateTable('users').set({ role: 'user' }).execute();
    const [a, b] = [await api.person('admin'), await api.person('admin')];
    const demote = (by: typeof a, whom: typeof a) =>
      api.call('PATCH', `/users/${whom.id}`, { token: by.token, body: { role: 'user' } });
    const statuses = (await Promise.all([demote(a, b), demote(b, a)])).map((reply) => reply.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    const left = await db.selectFrom('users').select('id').where('role', '=', 'admin').execute();
    expect(left).toHaveLength(1);
  });
});
