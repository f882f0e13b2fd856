import { describe, expect, it } from 'vitest';
import { PASSWORD, type Person, useTestApi } from '../support/test-api.ts';
import { codeOf, enrol, forgetUsedCodes } from '../support/totp.ts';

const api = useTestApi({ LOGIN_ATTEMPTS_PER_ACCOUNT: '20' });
const factors = async (token: string) => (await api.call('GET', '/auth/second-factor', { token })).body;
const second = (body: object) => api.call('POST', '/auth/login/second-factor', { body });
const statuses = async (calls: ReturnType<typeof second>[]) => (await Promise.all(calls)).map(({ status }) => status);
const once = (list: number[]) => list.filter((status) => status === 200).length;

/** Somebody with an authenticator app, of which no code has been used. */
async function enrolled(role: 'user' | 'admin' = 'user') {
  const person = await api.person(role);
  const app = await enrol(api, person);
  await forgetUsedCodes(api, person);
  return { ...person, ...app };
}
const challengeFor = async ({ email }: { email: string }) => (await api.signIn(email)).body.challenge as string;
const remove = ({ token }: { token: string }, body: object) =>
  api.call('POST', '/auth/second-factor/totp/remove', { token, body });

describe('an authenticator app', () => {
  it('counts once a code of it has been entered', async () => {
    const person = await api.person();
    const begun = await api.call('POST', '/auth/second-factor/totp', {
      token: person.token,
      body: { current_password: PASSWORD },
    });
    expect(begun.status).toBe(201);
    const uri = new URL(begun.body.uri);
    expect([uri.protocol, uri.host, uri.searchParams.get('secret'), uri.searchParams.get('issuer')]).toEqual([
      ...['otpauth:', 'totp', begun.body.secret, 'Robowatch'],
    ]);
    expect(decodeURIComponent(uri.pathname)).toContain(person.email);
    expect(await factors(person.token)).toEqual({ required: false, totp: null, recovery_codes_left: 0, passkeys: [] });
    expect((await api.signIn(person.email)).status).toBe(200);

    const confirm = (code: string) =>
      api.call('POST', '/auth/second-factor/totp/confirm', { token: person.token, body: { code } });
    expect((await confirm(codeOf('JBSWY3DPEHPK3PXP'))).body.code).toBe('code_wrong');
    const { secret } = begun.body;
    const confirmed = await Promise.all(Array.from({ length: 10 }, () => confirm(codeOf(secret))));
    expect(once(confirmed.map(({ status }) => status))).toBe(1);
    const codes = confirmed.find(({ status }) => status === 200)?.body.recovery_codes as string[];
    expect([codes.length, new Set(codes).size]).toEqual([10, 10]);
    expect(await factors(person.token)).toMatchObject({ recovery_codes_left: 10 });
    const again = await api.call('POST', '/auth/second-factor/totp', {
      token: person.token,
      body: { current_password: PASSWORD },
    });
    expect(again.body.code).toBe('already_enrolled');
  });

  it('is added with the password, and ends the other sessions, which were begun without it', async () => {
    const person = await api.person();
    const other = await api.signIn(person.email);
    const wrong = await api.call('POST', '/auth/second-factor/totp', {
      token: person.token,
      body: { current_password: 'wrong password' },
    });
    expect(wrong.body.code).toBe('invalid_credentials');
    await enrol(api, person);
    expect((await api.call('GET', '/auth/me', { token: other.token })).body.code).toBe('session_ended');
    expect((await api.call('GET', '/auth/me', { token: person.token })).status).toBe(200);
  });

  it('is kept sealed, and its codes and recovery codes are nowhere to be read', async () => {
    const person = await enrolled();
    const { db } = api.deps();
    const rows = [
      await db.selectFrom('totp_factors').selectAll().execute(),
      await db.selectFrom('recovery_codes').selectAll().execute(),
      await db.selectFrom('audit_log').selectAll().execute(),
    ];
    const kept = JSON.stringify(rows, (_, value) => (value?.type === 'Buffer' ? String(Buffer.from(value)) : value));
    for (const secret of [
      person.secret,
      ...person.recoveryCodes,
      ...person.recoveryCodes.map((c) => c.replaceAll('-', '')),
    ])
      expect(kept).not.toContain(secret);
  });
});

describe('signing in with a second factor', () => {
  it('takes a code after the password, and the password alone gives nothing', async () => {
    const person = await enrolled();
    const first = await api.signIn(person.email);
    expect([first.status, first.body.code, first.body.methods]).toEqual([
      ...[401, 'second_factor_required', ['totp', 'recovery_code']],
    ]);
    expect([first.cookies, first.body.access_token]).toEqual([[], undefined]);
    expect((await api.call('GET', '/auth/me', { token: first.body.challenge })).status).toBe(401);
    const done = await second({ challenge: first.body.challenge, code: codeOf(person.secret) });
    expect(Object.keys(done.body)).toEqual(['access_token', 'token_type', 'expires_in', 'user']);
    expect((await api.call('GET', '/auth/me', { token: done.body.access_token })).body.email).toBe(person.email);
    expect(done.cookies).toHaveLength(1);
  });

  it('accepts each code once, also ten times at once with challenges of their own', async () => {
    const person = await enrolled();
    const challenges = await Promise.all(Array.from({ length: 10 }, () => challengeFor(person)));
    const code = codeOf(person.secret);
    expect(once(await statuses(challenges.map((challenge) => second({ challenge, code }))))).toBe(1);
    expect((await second({ challenge: await challengeFor(person), code })).body.code).toBe('code_wrong');
  });

  it('accepts each recovery code once, also ten times at once', async () => {
    const person = await enrolled();
    const challenges = await Promise.all(Array.from({ length: 10 }, () => challengeFor(person)));
    const recovery_code = ` ${person.recoveryCodes[0]?.toUpperCase().replaceAll('-', ' ')} `;
    expect(once(await statuses(challenges.map((challenge) => second({ challenge, recovery_code }))))).toBe(1);
    expect((await second({ challenge: await challengeFor(person), recovery_code })).body.code).toBe('code_wrong');
    expect(await factors((await nextSignIn(person)).body.access_token)).toMatchObject({ recovery_codes_left: 9 });
  });
  const nextSignIn = async (person: Person & { secret: string }) =>
    second({ challenge: await challengeFor(person), code: codeOf(person.secret) });

  it('lets a challenge finish one sign-in', async () => {
    const person = await enrolled();
    const challenge = await challengeFor(person);
    expect((await second({ challenge, recovery_code: person.recoveryCodes[0] })).status).toBe(200);
    expect((await second({ challenge, recovery_code: person.recoveryCodes[1] })).body.code).toBe('challenge_invalid');
    expect((await second({ challenge: 'A'.repeat(43), code: codeOf(person.secret) })).body.code).toBe(
      'challenge_invalid',
    );
  });

  it('allows five codes for a challenge, also at once, and the right one too late is refused', async () => {
    const person = await enrolled();
    const challenge = await challengeFor(person);
    const wrong = await Promise.all(Array.from({ length: 8 }, () => second({ challenge, code: '000000' })));
    expect(wrong.filter(({ body }) => body.code === 'code_wrong')).toHaveLength(5);
    expect(wrong.filter(({ body }) => body.reason === 'too_many_codes')).toHaveLength(4);
    const { body } = await second({ challenge, code: codeOf(person.secret) });
    expect([body.code, body.reason]).toEqual(['challenge_invalid', 'too_many_codes']);
  });

  it('limits the codes for an account, whatever the challenge', async () => {
    const person = await enrolled();
    const challenges = await Promise.all(Array.from({ length: 5 }, () => challengeFor(person)));
    const wrong = challenges.flatMap((challenge) =>
      Array.from({ length: 5 }, () => second({ challenge, recovery_code: 'aaaa-aaaa-aaaa-aaaa' })),
    );
    const seen = await statuses(wrong);
    expect(seen.filter((status) => status === 401)).toHaveLength(20);
    const { status, headers } = await second({ challenge: await challengeFor(person), code: codeOf(person.secret) });
    expect([status, Number(headers['retry-after']) > 0]).toEqual([429, true]);
  });

  it('ends with a challenge that has expired, or is of a user who was switched off', async () => {
    const person = await enrolled();
    const expired = await challengeFor(person);
    const { db } = api.deps();
    await db
      .updateTable('sign_in_challenges')
      .set({ expires_at: new Date() })
      .where('user_id', '=', person.id)
      .execute();
    expect((await second({ challenge: expired, code: codeOf(person.secret) })).body.code).toBe('challenge_invalid');
    const challenge = await challengeFor(person);
    const admin = await api.person('admin');
    await api.call('PATCH', `/users/${person.id}`, { token: admin.token, body: { is_active: false } });
    expect((await second({ challenge, code: codeOf(person.secret) })).body.code).toBe('challenge_invalid');
  });

  it('is not avoided by an invitation to choose a new password', async () => {
    const [person, admin] = [await enrolled(), await api.person('admin')];
    const invited = await api.call('POST', `/users/${person.id}/invitation`, { token: admin.token });
    const token = invited.body.invitation_url.split('#')[1];
    const accepted = await api.call('POST', '/auth/invitation/accept', { body: { token, password: `${PASSWORD} 2` } });
    expect([accepted.body.code, accepted.cookies]).toEqual(['second_factor_required', []]);
    const done = await second({ challenge: accepted.body.challenge, code: codeOf(person.secret) });
    expect(done.status).toBe(200);
  });
});

describe('removing the authenticator app', () => {
  it('takes the password and a code', async () => {
    const person = await enrolled();
    const code = codeOf(person.secret);
    expect((await remove(person, { current_password: 'wrong', code })).body.code).toBe('invalid_credentials');
    expect((await remove(person, { current_password: PASSWORD })).body.code).toBe('code_wrong');
    expect((await remove(person, { current_password: PASSWORD, code: '000000' })).body.code).toBe('code_wrong');
    expect((await api.signIn(person.email)).status).toBe(401);
    expect((await remove(person, { current_password: PASSWORD, code })).status).toBe(204);
    expect((await api.signIn(person.email)).status).toBe(200);
    expect(await factors(person.token)).toEqual({ required: false, totp: null, recovery_codes_left: 0, passkeys: [] });
  });

  it('may be done with a recovery code, which new ones replace', async () => {
    const person = await enrolled();
    const renewed = await api.call('POST', '/auth/second-factor/recovery-codes', {
      token: person.token,
      body: { current_password: PASSWORD, code: codeOf(person.secret) },
    });
    const [former] = person.recoveryCodes;
    const [fresh] = renewed.body.recovery_codes as string[];
    const body = { current_password: PASSWORD };
    expect((await remove(person, { ...body, recovery_code: former })).body.code).toBe('code_wrong');
    expect((await remove(person, { ...body, recovery_code: fresh })).status).toBe(204);
  });
});

describe('the wrong person', () => {
  it('cannot use another’s codes', async () => {
    const [one, other] = [await enrolled(), await enrolled()];
    const challenge = await challengeFor(one);
    expect((await second({ challenge, code: codeOf(other.secret) })).body.code).toBe('code_wrong');
    expect((await second({ challenge, recovery_code: other.recoveryCodes[0] })).body.code).toBe('code_wrong');
    expect((await remove(one, { current_password: PASSWORD, recovery_code: other.recoveryCodes[0] })).status).toBe(401);
  });

  it('is an API key, even one that may write', async () => {
    const admin = await enrolled('admin');
    const { key } = (await api.call('POST', '/api-keys', { token: admin.token, body: { name: 'k', scope: 'write' } }))
      .body;
    const body = { current_password: PASSWORD, code: codeOf(admin.secret) };
    const calls = [
      ['POST', '/auth/second-factor/totp', { current_password: PASSWORD }],
      ['POST', '/auth/second-factor/totp/confirm', { code: body.code }],
      ['POST', '/auth/second-factor/totp/remove', body],
      ['POST', '/auth/second-factor/recovery-codes', body],
      ['DELETE', `/users/${(await enrolled()).id}/second-factor`, undefined],
    ] as const;
    for (const [method, path, sent] of calls)
      expect((await api.call(method, path, { token: key, body: sent })).body.code, path).toBe('forbidden');
  });

  it('is a user, or oneself, for an administrator’s reset', async () => {
    const [person, other, admin] = [await enrolled(), await api.person(), await enrolled('admin')];
    const reset = (id: number, token: string) => api.call('DELETE', `/users/${id}/second-factor`, { token });
    expect((await reset(person.id, other.token)).body.code).toBe('forbidden');
    expect((await reset(admin.id, admin.token)).body.code).toBe('forbidden');
    expect((await reset(999_999, admin.token)).status).toBe(404);
    const account = async () =>
      (await api.call('GET', `/users/${person.id}`, { token: admin.token })).body.second_factor;
    expect(await account()).toBe(true);
    expect((await reset(person.id, admin.token)).status).toBe(204);
    expect(await account()).toBe(false);
    expect((await api.call('GET', '/auth/me', { token: person.token })).body.code).toBe('session_ended');
    expect((await api.signIn(person.email)).status).toBe(200);
    const log = await api.call('GET', '/audit?action=user.second_factor_reset', { token: admin.token });
    expect(log.body.items[0]).toMatchObject({ actor_id: admin.id, target_id: person.id });
  });
});
