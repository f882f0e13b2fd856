import { expect, it } from 'vitest';
import { AUDIT_ACTIONS } from '../../src/audit/actions.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

async function entries(token: string, action: string, actorId?: number) {
  const { body } = await api.call('GET', `/audit?action=${action}${actorId ? `&actor_id=${actorId}` : ''}`, { token });
  return body.items;
}

it('records refused requests of signed-in users', async () => {
  const [admin, user] = [await api.person('admin'), await api.person()];
  const at = { token: user.token };
  expect((await api.call('GET', '/users', at)).status).toBe(403);
  expect((await api.call('GET', '/users', at)).status).toBe(403);
  const password = { current_password: 'wrong password', new_password: 'an entirely new one' };
  expect((await api.call('POST', '/auth/password', { ...at, body: password })).status).toBe(401);
  expect(await entries(admin.token, 'access.refused', user.id)).toMatchObject([
    { actor_name: user.email, details: { call: 'GET /api/users' } },
  ]);
  expect(await entries(admin.token, 'user.password_refused', user.id)).toMatchObject([{ target_id: user.id }]);
});

it('records who was held up by a limit, once a minute per place', async () => {
  const admin = await api.person('admin');
  const at = { body: { email: 'somebody@lab.example', password: 'a wrong password' }, address: '192.0.2.77' };
  const statuses: number[] = [];
  while (statuses.length < 14) statuses.push((await api.call('POST', '/auth/login', at)).status);
  expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)]);
  expect(await entries(admin.token, 'access.limited')).toMatchObject([
    { actor_id: null, address: '192.0.2.77', details: { call: 'POST /api/auth/login' } },
  ]);
});

it('records every attempt to remove the last administrator', async () => {
  const { db } = api.deps();
  const admin = await api.person('admin');
  await db.updateTable('users').set({ role: 'user' }).where('id', '<>', admin.id).execute();
  const at = { token: admin.token };
  expect((await api.call('DELETE', `/users/${admin.id}`, at)).status).toBe(409);
  expect((await api.call('PATCH', `/users/${admin.id}`, { ...at, body: { role: 'user' } })).status).toBe(409);
  expect(await entries(admin.token, 'user.last_admin_kept', admin.id)).toHaveLength(2);
});

it('samples forged tokens, revoked robot tokens and invalid links, per place', async () => {
  const admin = await api.person('admin');
  const [header = '', payload = ''] = admin.token.split('.');
  for (let i = 0; i < 5; i++) {
    await api.call('GET', '/robots', { token: `${header}.${payload}.AAAA` });
    await api.report('dead-token', 'm v=1');
    await api.call('POST', '/auth/invitation', { body: { token: 'used' } });
  }
  for (const action of ['auth.token_refused', 'robot.token_refused', 'auth.link_refused'])
    await expect.poll(() => entries(admin.token, action), { timeout: 5000 }).toHaveLength(1);
});

it('names the robot that a refused token belongs or belonged to, once an hour per robot', async () => {
  const admin = await api.person('admin');
  const [off, rotated] = [await api.pairedRobot(admin, 'off'), await api.pairedRobot(admin, 'rotated')];
  await api.call('PATCH', `/robots/${off.id}`, { token: admin.token, body: { status: 'inactive' } });
  await api.call('POST', `/robots/${rotated.id}/token`, { token: admin.token });
  const targets = async () =>
    (await entries(admin.token, 'robot.token_refused'))
      .map(({ target_name }: { target_name: string | null }) => target_name)
      .filter(Boolean)
      .sort();
  for (let i = 0; i < 3; i++) {
    for (const { token } of [off, rotated]) expect((await api.report(token, 'm v=1')).status).toBe(401);
    await expect.poll(targets, { timeout: 5000 }).toEqual(['off', 'rotated']);
  }
});

it('names the user who signed out', async () => {
  const [admin, person] = [await api.person('admin'), await api.person()];
  await api.call('POST', '/auth/logout', { token: person.token, headers: { cookie: person.cookie } });
  const [entry] = await entries(admin.token, 'auth.logout');
  expect(entry).toMatchObject({ actor_id: person.id, actor_name: person.email });
});

it('has its actions listed in the OpenAPI document', async () => {
  const { body } = await api.call('GET', '/openapi.json');
  const reply = body.paths['/api/audit'].get.responses['200'].content['application/json'].schema;
  expect(reply.properties.items.items.properties.action.enum).toEqual([...AUDIT_ACTIONS]);
});
