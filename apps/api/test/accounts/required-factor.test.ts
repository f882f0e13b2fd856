import { expect, it } from 'vitest';
import { useOpenId } from '../support/open-id.ts';
import { PASSWORD, useTestApi } from '../support/test-api.ts';
import { codeOf, enrol, forgetUsedCodes } from '../support/totp.ts';

const [admins, everyone] = [
  useTestApi({ REQUIRE_SECOND_FACTOR: 'admins' }),
  useTestApi({ REQUIRE_SECOND_FACTOR: 'everyone' }),
];
const server = useOpenId({ REQUIRE_SECOND_FACTOR: 'everyone' });

it('whoever must have a second factor can do nothing else before', async () => {
  const person = await everyone.person();
  const first = await everyone.signIn(person.email);
  expect(first.body.enrolment_required).toBe(true);
  const { token } = first;
  const calls = [
    ['GET', '/robots'],
    ['GET', '/events'],
    ['GET', '/auth/sessions'],
    ['GET', '/api-keys'],
    ['POST', '/api-keys', { name: 'k', scope: 'write' }],
    ['PATCH', '/auth/me', { name: 'x' }],
    ['POST', '/auth/password', { current_password: PASSWORD, new_password: `${PASSWORD} 2` }],
    ['POST', '/pair/12345678/confirm', {}],
    ['POST', '/auth/second-factor/totp/remove', { current_password: PASSWORD, code: '000000' }],
    ['GET', '/users'],
  ] as const;
  for (const [method, path, body] of calls)
    expect((await everyone.call(method, path, { token, body })).body.code, path).toBe('enrolment_required');
  expect((await everyone.call('GET', '/auth/me', { token })).body.email).toBe(person.email);
  const { secret } = await enrol(everyone, { token });
  expect((await everyone.call('GET', '/robots', { token })).status).toBe(200);

  const body = { current_password: PASSWORD, code: codeOf(secret) };
  await forgetUsedCodes(everyone, person);
  expect((await everyone.call('POST', '/auth/second-factor/totp/remove', { token, body })).status).toBe(204);
  expect((await everyone.call('GET', '/robots', { token })).body.code).toBe('enrolment_required');
});

it('administrators alone, if so set, from the moment they are', async () => {
  const [user, admin] = [await admins.person(), await admins.person('admin')];
  const robots = async (token: string) => (await admins.call('GET', '/robots', { token })).status;
  expect([await robots(user.token), await robots(admin.token)]).toEqual([200, 403]);
  const key = await admins.call('POST', '/api-keys', { token: user.token, body: { name: 'k', scope: 'write' } });
  await enrol(admins, admin);
  await admins.call('PATCH', `/users/${user.id}`, { token: admin.token, body: { role: 'admin' } });
  expect([await robots(user.token), await robots(admin.token), await robots(key.body.key)]).toEqual([403, 200, 200]);
});

it('is not asked of a session begun through the identity provider, whose business it is', async () => {
  const person = await everyone.person();
  const robots = async () => (await everyone.call('GET', '/robots', { token: person.token })).status;
  expect(await robots()).toBe(403);
  const { db } = everyone.deps();
  await db.updateTable('sessions').set({ outside: true }).where('user_id', '=', person.id).execute();
  expect(await robots()).toBe(200);
});

it('an application is not opened before, and closes when the second factor is gone', async () => {
  const person = await server.person();
  const { url } = await server.begin('grafana');
  expect((await person.browser.go(url)).url.pathname).toBe('/sign-in');
  await enrol(server, person);
  const { tokens } = await server.open('grafana', person.browser);
  expect((await server.userInfo(tokens.access_token)).status).toBe(200);
  await server.deps().db.deleteFrom('totp_factors').where('user_id', '=', person.id).execute();
  expect((await server.userInfo(tokens.access_token)).status).toBe(401);
});
