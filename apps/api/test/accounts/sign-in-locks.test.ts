import { describe, expect, it } from 'vitest';
import { PASSWORD, useTestApi } from '../support/test-api.ts';
import { enrol } from '../support/totp.ts';

const api = useTestApi({ LOGIN_ATTEMPTS_PER_ACCOUNT: '5', LOGIN_ATTEMPTS_PER_ACCOUNT_TOTAL: '40' });

const signIn = (email: string, address: string, password = PASSWORD, cookie?: string) =>
  api
    .call('POST', '/auth/login', { body: { email, password }, address, headers: cookie ? { cookie } : {} })
    .then(({ status }) => status);
/** Sends wrong passwords concurrently. @returns the statuses, sorted */
const fail = async (email: string, count: number, addressOf: (i: number) => string) =>
  (await Promise.all(Array.from({ length: count }, (_, i) => signIn(email, addressOf(i), 'wrong password')))).sort();
const statuses = (wrong: number, limited: number) => [...Array(wrong).fill(401), ...Array(limited).fill(429)];

describe('wrong passwords from a stranger', () => {
  it.each([
    ['an IPv4 /24', (i: number) => `203.0.113.${i}`, '203.0.114.1'],
    ['an IPv6 /48', (i: number) => `2001:db8:7:${i}::1`, '2001:db8:8::1'],
  ])('lock out %s, and nobody outside it', async (_, addressOf, elsewhere) => {
    const { email } = await api.person();
    expect(await fail(email, 9, addressOf)).toEqual(statuses(5, 4));
    expect(await signIn(email, addressOf(200))).toBe(429);
    expect(await signIn(email, elsewhere)).toBe(200);
  });

  it('from one network do not use up the limit of the account', async () => {
    const { email } = await api.person();
    await fail(email, 60, (i) => `203.0.113.${i}`);
    expect(await signIn(email, '203.0.114.1')).toBe(200);
  });

  it('from many networks lock the account, but not browsers with a session of it', async () => {
    const [{ email, cookie, token }, other] = [await api.person(), await api.person()];
    expect(await fail(email, 60, (i) => `10.0.${i}.1`)).toEqual(statuses(40, 20));
    expect(await signIn(email, '10.1.0.1')).toBe(429);
    expect(await signIn(email, '10.1.0.1', PASSWORD, other.cookie)).toBe(429);
    expect(await signIn(email, '10.1.0.1', PASSWORD, `${cookie.split('=')[0]}=made-up`)).toBe(429);
    // Even on the stranger's own network, such as the same café.
    expect(await signIn(email, '10.0.3.9', 'a slip', cookie)).toBe(401);
    expect(await signIn(email, '10.0.3.9', PASSWORD, cookie)).toBe(200);
    const change = { current_password: PASSWORD, new_password: 'an entirely new one' };
    expect((await api.call('POST', '/auth/password', { token, body: change })).status).toBe(204);
  });

  it('from a browser whose session has ended count as a stranger’s', async () => {
    const { email, cookie } = await api.person();
    await api.call('POST', '/auth/logout', { headers: { cookie } });
    await fail(email, 9, (i) => `203.0.113.${i}`);
    expect(await signIn(email, '203.0.113.1', PASSWORD, cookie)).toBe(429);
  });
});

describe('an administrator sees', () => {
  const lockOf = async (token: string, id: number) => {
    const { body } = await api.call('GET', '/users?limit=1000', { token });
    const listed = body.items.find((user: { id: number }) => user.id === id);
    expect((await api.call('GET', `/users/${id}`, { token })).body.locked).toEqual(listed.locked && expect.anything());
    return listed.locked;
  };

  it('that signing in is locked, from where, and until when', async () => {
    const [admin, one, other] = [await api.person('admin'), await api.person(), await api.person()];
    await fail(one.email, 9, (i) => `203.0.113.${i}`);
    expect(await lockOf(admin.token, one.id)).toMatchObject({ everywhere: false });
    expect(await lockOf(admin.token, other.id)).toBeNull();
    await fail(one.email, 60, (i) => `10.0.${i}.1`);
    const { until, everywhere } = await lockOf(admin.token, one.id);
    const seconds = (Date.parse(until) - Date.now()) / 1000;
    expect([everywhere, seconds > 600, seconds <= 900]).toEqual([true, true, true]);
  });

  it('when somebody has signed in last, and with what they could', async () => {
    const admin = await api.person('admin');
    const never = await api.call('POST', '/users', {
      token: admin.token,
      body: { email: 'new@lab.example', name: 'New' },
    });
    expect(never.body).toMatchObject({ last_sign_in_at: null, authenticator_app: false, passkeys: 0 });
    expect(Date.parse(never.body.invitation_expires_at) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const { body } = await api.call('GET', `/users/${admin.id}`, { token: admin.token });
    expect(Date.now() - Date.parse(body.last_sign_in_at)).toBeLessThan(600_000);
    await enrol(api, admin);
    expect((await api.call('GET', `/users/${admin.id}`, { token: admin.token })).body.authenticator_app).toBe(true);
  });
});

it('guesses of the current password are limited even with a session', async () => {
  const { token } = await api.person();
  const guess = () =>
    api.call('POST', '/auth/password', { token, body: { current_password: 'guess', new_password: 'a new long one' } });
  const replies = await Promise.all(Array.from({ length: 9 }, guess));
  expect(replies.map(({ status }) => status).sort()).toEqual(statuses(5, 4));
});
