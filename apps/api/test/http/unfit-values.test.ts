import { describe, expect, it } from 'vitest';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const NUL = '\0';
const cursor = (...keys: unknown[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');

describe('text that the database cannot store', () => {
  it('is refused before anybody has signed in', async () => {
    for (const email of [`a${NUL}@b`, `a@b${NUL}`]) {
      const reply = await api.call('POST', '/auth/login', { body: { email, password: 'x' } });
      expect([reply.status, reply.body.detail]).toEqual([400, 'email must be an e-mail address.']);
    }
    for (const hostname of [`a${NUL}`, '\u0007'])
      expect((await api.call('POST', '/pair', { body: { hostname, code: '24681357' } })).status).toBe(400);
  });

  it('is refused in every query, with a reason', async () => {
    const { token } = await api.person('admin');
    for (const query of ['/robots?q', '/users?q', '/audit?action', '/audit?target_kind']) {
      const { status, body } = await api.call('GET', `${query}=a%00`, { token });
      expect([status, body.code], query).toEqual([400, 'validation_failed']);
      expect(body.detail, query).toContain('must not contain control characters');
    }
  });

  it('is a client error even where no schema checks for it', async () => {
    const admin = await api.person('admin');
    const body = { name: '\ud800' };
    const reply = await api.call('PATCH', '/auth/me', { token: admin.token, body: JSON.stringify(body), headers });
    expect([reply.status, reply.body.code]).toEqual([400, 'validation_failed']);
    expect((await api.call('GET', '/auth/me', { token: admin.token })).body.name).not.toContain('\ud800');
  });
});

describe('a forged cursor', () => {
  const refused = async (admin: Person, path: string, ...keys: unknown[]) => {
    const { status, body } = await api.call('GET', `${path}?cursor=${cursor(...keys)}`, { token: admin.token });
    expect([status, body.code], JSON.stringify(keys)).toEqual([400, 'validation_failed']);
    expect(body.detail).toContain('cursor must be the next_cursor of an earlier reply');
  };

  it('is refused', async () => {
    const admin = await api.person('admin');
    for (const id of [2 ** 31, 999_999_999_999, 1.5, '1e3', null, NUL]) {
      await refused(admin, '/users', id);
      await refused(admin, '/robots', 'name', id);
    }
    for (const name of [NUL, 7, null]) await refused(admin, '/robots', name, 1);
    await refused(admin, '/audit', '9'.repeat(19));
    await refused(admin, '/audit', 0.5);
  });
});

const headers = { 'content-type': 'application/json' };
