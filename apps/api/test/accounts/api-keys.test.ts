import { describe, expect, it } from 'vitest';
import { endSessionsOf } from '../../src/accounts/session-store.ts';
import { PASSWORD, type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const create = (token: string, body: object) => api.call('POST', '/api-keys', { token, body });
const keyOf = async (person: Person, scope: 'read' | 'write', more: object = {}) =>
  (await create(person.token, { name: `script ${scope}`, scope, ...more })).body as { id: string; key: string };
const list = async (token: string) => (await api.call('GET', '/api-keys', { token })).body.items;
const me = (key: string) => api.call('GET', '/auth/me', { token: key });
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

describe('an API key', () => {
  it('is shown once, and only its hash is kept', async () => {
    const owner = await api.person();
    const made = await create(owner.token, { name: 'nightly export', scope: 'read', expires_at: inMs(60_000) });
    expect([made.status, Object.keys(made.body).sort()]).toEqual([201, ['id', 'key']]);
    expect(made.body.key).toMatch(/^rwk_[\w-]{43}$/);
    expect(await list(owner.token)).toEqual([
      expect.objectContaining({ id: made.body.id, name: 'nightly export', scope: 'read', last_used_at: null }),
    ]);
    const rows = await api.deps().db.selectFrom('api_keys').selectAll().where('user_id', '=', owner.id).execute();
    expect(JSON.stringify(rows)).not.toContain(made.body.key.slice(4));
    const log = await api.call('GET', '/audit?limit=5', { token: (await api.person('admin')).token });
    expect(JSON.stringify(log.body)).not.toContain(made.body.key);
    expect(JSON.stringify(log.body)).toContain('api_key.created');
  });

  it('does what its owner may, without a browser’s session', async () => {
    const owner = await api.person();
    const { key, id } = await keyOf(owner, 'write');
    await endSessionsOf(api.deps().db, owner.id);
    expect((await me(key)).body.email).toBe(owner.email);
    const robot = await api.pairedRobot({ ...owner, token: key }, 'crane');
    expect((await api.call('GET', `/robots/${robot.id}`, { token: key })).body.name).toBe('crane');
    const change = { token: key, body: { labels: { site: 'lab' } } };
    expect((await api.call('PATCH', `/robots/${robot.id}`, change)).status).toBe(200);
    expect((await list(key)).find((one: { id: string }) => one.id === id).last_used_at).not.toBeNull();
    expect((await api.call('GET', '/auth/sessions', { token: key })).body.items).toEqual([]);
  });

  it('sees nobody else’s robots', async () => {
    const [owner, other] = [await api.person(), await api.person()];
    const robot = await api.pairedRobot(other);
    const { key } = await keyOf(owner, 'write');
    expect((await api.call('GET', '/robots', { token: key })).body.items).toEqual([]);
    for (const method of ['GET', 'DELETE'] as const)
      expect((await api.call(method, `/robots/${robot.id}`, { token: key })).status).toBe(404);
  });

  it('of scope read changes nothing', async () => {
    const owner = await api.person('admin');
    const robot = await api.pairedRobot(owner);
    const { key, id } = await keyOf(owner, 'read');
    expect((await api.call('GET', `/robots/${robot.id}`, { token: key })).status).toBe(200);
    const calls = [
      ['PATCH', `/robots/${robot.id}`, { name: 'x' }],
      ['DELETE', `/robots/${robot.id}`],
      ['POST', `/robots/${robot.id}/token`, {}],
      ['POST', '/pair/12345678/confirm', {}],
      ['POST', '/api-keys', { name: 'more', scope: 'write' }],
      ['DELETE', `/api-keys/${id}`],
      ['PATCH', '/auth/me', { name: 'x' }],
      ['POST', '/auth/password', { current_password: 'x', new_password: 'y' }],
      ['POST', '/users', { email: 'a@lab.example', name: 'A', role: 'admin' }],
    ] as const;
    for (const [method, path, body] of calls)
      expect((await api.call(method, path, { token: key, body })).body.code, `${method} ${path}`).toBe('forbidden');
  });

  it('does not change its owner’s password, nor guesses it', async () => {
    const person = await api.person();
    const { key } = await keyOf(person, 'write');
    const body = { current_password: PASSWORD, new_password: 'an entirely new one' };
    expect((await api.call('POST', '/auth/password', { token: key, body })).body.code).toBe('forbidden');
    expect((await api.call('POST', '/auth/password', { token: person.token, body })).status).toBe(204);
  });

  it('administrates only when its owner does and its scope is write', async () => {
    const [admin, user] = [await api.person('admin'), await api.person()];
    const status = async (person: Person, scope: 'read' | 'write') =>
      (await api.call('GET', '/users', { token: (await keyOf(person, scope)).key })).status;
    expect([await status(admin, 'write'), await status(admin, 'read'), await status(user, 'write')]).toEqual([
      200, 403, 403,
    ]);
  });

  it('is worthless once it is revoked, has expired, or its owner is switched off', async () => {
    const [owner, other, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [revoked, expiring, last] = [
      await keyOf(owner, 'write'),
      await keyOf(owner, 'read', { expires_at: inMs(60_000) }),
      await keyOf(owner, 'read'),
    ];
    expect((await api.call('DELETE', `/api-keys/${revoked.id}`, { token: other.token })).status).toBe(404);
    expect((await me(revoked.key)).status).toBe(200);
    expect((await api.call('DELETE', `/api-keys/${revoked.id}`, { token: owner.token })).status).toBe(204);
    expect((await me(revoked.key)).body.code).toBe('unauthorized');
    expect((await api.call('DELETE', `/api-keys/${revoked.id}`, { token: owner.token })).status).toBe(404);

    const { db } = api.deps();
    await db.updateTable('api_keys').set({ expires_at: new Date() }).where('id', '=', expiring.id).execute();
    expect((await me(expiring.key)).status).toBe(401);
    expect((await list(owner.token)).map(({ id }: { id: string }) => id)).toContain(expiring.id);

    await api.call('PATCH', `/users/${owner.id}`, { token: admin.token, body: { is_active: false } });
    expect((await me(last.key)).status).toBe(401);
  });

  it('makes only keys that end with it', async () => {
    const owner = await api.person();
    const parent = await keyOf(owner, 'write', { expires_at: inMs(3_600_000) });
    const late = await create(parent.key, { name: 'late', scope: 'write', expires_at: inMs(7_200_000) });
    expect(late.body.code).toBe('validation_failed');
    const { body: child } = await create(parent.key, { name: 'child', scope: 'write' });
    const { body: grandchild } = await create(child.key, { name: 'grandchild', scope: 'read' });
    const expiries = (await list(owner.token)).map(({ expires_at }: { expires_at: string }) => expires_at);
    expect([expiries.length, new Set(expiries).size]).toEqual([3, 1]);
    await api.call('DELETE', `/api-keys/${parent.id}`, { token: owner.token });
    expect([(await me(child.key)).status, (await me(grandchild.key)).status]).toEqual([401, 401]);
  });

  it('is limited in number, also for requests at once', async () => {
    const owner = await api.person();
    const statuses = await Promise.all(
      Array.from({ length: 110 }, async () => (await create(owner.token, { name: 'k', scope: 'read' })).status),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(100);
    expect(statuses.filter((status) => status === 400)).toHaveLength(10);
  });

  it.each([
    { name: '', scope: 'read' },
    { name: 'x'.repeat(256), scope: 'read' },
    { name: 'a\u0000b', scope: 'read' },
    { name: 'k', scope: 'admin' },
    { name: 'k' },
    { name: 'k', scope: 'read', expires_at: 'tomorrow' },
    { name: 'k', scope: 'read', expires_at: '2001-01-01T00:00:00Z' },
    { name: 'k', scope: 'read', user_id: 1 },
  ])('is not made of %j', async (body) => {
    const owner = await api.person();
    expect((await create(owner.token, body)).body.code).toBe('validation_failed');
    expect(await list(owner.token)).toEqual([]);
  });

  it.each(['rwk_', 'rwk_short', `rwk_${'A'.repeat(43)}`, `rwk_${'A'.repeat(5000)}`, `RWK_${'A'.repeat(43)}`])(
    'cannot be made up: %s',
    async (key) => {
      expect((await me(key)).body.code).toBe('unauthorized');
    },
  );
});
