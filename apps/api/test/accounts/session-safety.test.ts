import { describe, expect, it } from 'vitest';
import { PASSWORD, useTestApi } from '../support/test-api.ts';

const plain = useTestApi({ SESSION_MAX_AGE: '1h', SESSION_TTL: '10m' });
const other = useTestApi();
const secure = useTestApi({ PUBLIC_URL: 'https://robots.example' });
const refresh = (api: typeof plain, headers: Record<string, string>) => api.call('POST', '/auth/refresh', { headers });

describe('the session cookie', () => {
  it('has a name per instance, so that two on one host do not sign each other out', async () => {
    const [here, there] = [await plain.person(), await other.person()];
    const both = `${here.cookie}; ${there.cookie}`;
    expect((await refresh(plain, { cookie: both })).status).toBe(200);
    expect((await refresh(other, { cookie: both })).status).toBe(200);
  });

  it('can be sent and set only over TLS when PUBLIC_URL is https', async () => {
    const { email } = await secure.person();
    const { headers } = await secure.signIn(email);
    expect(String(headers['set-cookie'])).toMatch(
      /^__Secure-robowatch_.*Path=\/api\/auth; HttpOnly; Secure; SameSite=Strict/,
    );
    expect(headers['strict-transport-security']).toBeTruthy();
  });

  it.each(['https://evil.example', 'null', 'nonsense', 'https://robots.example.evil.example'])(
    'cannot be used by a page of %s',
    async (origin) => {
      const { cookie, token } = await secure.person();
      for (const path of ['refresh', 'logout', 'login'])
        expect(
          (await secure.call('POST', `/auth/${path}`, { headers: { cookie, origin }, body: {} })).status,
          path,
        ).toBe(403);
      expect((await secure.call('GET', '/auth/me', { token })).status).toBe(200);
      expect((await refresh(secure, { cookie, origin: 'https://robots.example' })).status).toBe(200);
    },
  );

  it('can be used by pages of the origin they came from', async () => {
    const { cookie } = await plain.person();
    const headers = { cookie, origin: 'http://192.168.1.5:9101', host: '192.168.1.5:9101' };
    expect((await refresh(plain, headers)).status).toBe(200);
  });
});

it('a session ends at its maximum age, even if it is in use', async () => {
  const { cookie, id } = await plain.person();
  const { db } = plain.deps();
  const back = (minutes: number) =>
    db
      .updateTable('sessions')
      .set({ created_at: new Date(Date.now() - minutes * 60_000) })
      .where('user_id', '=', id)
      .execute();
  await back(55);
  const renewed = await refresh(plain, { cookie });
  expect(renewed.status).toBe(200);
  const { expires_at } = await db
    .selectFrom('sessions')
    .select('expires_at')
    .where('user_id', '=', id)
    .executeTakeFirstOrThrow();
  expect(expires_at.getTime() - Date.now()).toBeLessThan(5.1 * 60_000);
  await back(61);
  const next = `${renewed.cookies[0]?.name}=${renewed.cookies[0]?.value}`;
  expect((await refresh(plain, { cookie: next })).body.code).toBe('session_ended');
});

it('replies to signed-in users are never cached, refusals included', async () => {
  const { token } = await plain.person();
  for (const path of ['/auth/me', '/robots', '/robots/999', '/users', '/pair/12345678', '/server/none'])
    if (path !== '/server/none')
      expect((await plain.call('GET', path, { token })).headers['cache-control'], path).toBe('no-store');
});

it.each(['password1', 'Passw0rd!', 'qwertyuiop', 'dragon123', 'trustno1', 'robowatch2030', '11111111', 'abcdefgh'])(
  'the password %s is too easy to guess',
  async (new_password) => {
    const { token } = await other.person();
    const body = { current_password: PASSWORD, new_password };
    const reply = await other.call('POST', '/auth/password', { token, body });
    expect([reply.status, reply.body.code]).toEqual([400, 'validation_failed']);
  },
);

it('a password may be long and of any characters, all of which count; one of seven characters is refused', async () => {
  const { token, email } = await other.person();
  const next = `${' ÄЖ機🤖'.repeat(12)} and nothing but words until the very end`;
  const change = (current_password: string, new_password: string) =>
    other.call('POST', '/auth/password', { token, body: { current_password, new_password } });
  const short = await change(PASSWORD, 'x7!qÖ機z');
  expect([short.status, short.body.reason]).toEqual([400, 'password_short']);
  expect((await change(PASSWORD, next)).status).toBe(204);
  expect((await other.signIn(email, `${next.slice(0, -1)}D`)).status).toBe(401);
  expect((await other.signIn(email, ` ${next}`)).status).toBe(401);
  expect((await other.signIn(email, next)).status).toBe(200);
});

describe('names', () => {
  const rename = async (name: string) => {
    const { token } = await other.person();
    return (await other.call('PATCH', '/auth/me', { token, body: { name } })).status;
  };
  it.each([
    'a\u0085b',
    'rover\u202Etxt.exe',
    'a\u2066b',
    '\u200B\u200D',
    '\u3164',
    '\u2800 \u00A0',
    'a\u2028b',
    '\u00AD',
  ])('%j is refused', async (name) => expect(await rename(name)).toBe(400));
  it.each(['Ровер', '機器人 7', 'João', '🤖', '👩‍🔧', 'روبوت', 'a'])('%j is accepted', async (name) =>
    expect(await rename(name)).toBe(200),
  );
});
