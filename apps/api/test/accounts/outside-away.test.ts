import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { markOutside } from '../../src/accounts/outside-identity-store.ts';
import { idTokenKey } from '../../src/accounts/sign-in-outside.ts';
import { useTestApi } from '../support/test-api.ts';

let silent: Server;
const api = useTestApi(async () => {
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  return {
    ...{ OIDC_ISSUER: `http://127.0.0.1:${port}`, OIDC_CLIENT_ID: 'robowatch', OIDC_LABEL: 'The lab' },
    OIDC_CLIENT_SECRET: 'b1946ac92492d2347c6235b4d2611184',
  };
});
afterAll(() => silent?.close());

it('an identity provider that does not answer keeps nobody signed in', async () => {
  const { db, config } = api.deps();
  const person = await api.person();
  const sessions = () => db.selectFrom('sessions').select('id').where('user_id', '=', person.id).execute();
  const [session] = await sessions();
  await markOutside(db, idTokenKey(config), session?.id as string, 'an ID token');
  const asked = once(silent, 'connection');
  const reply = api.call('POST', '/auth/logout', { token: person.token, headers: { cookie: person.cookie } });
  const [socket] = await asked;
  expect(await sessions()).toEqual([]);
  socket.destroy();
  expect((await reply).status).toBe(204);
  expect((await api.call('GET', '/auth/me', { token: person.token })).status).toBe(401);
});
