import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useSession } from './session';

const ACCOUNT = { id: 1, email: 'a@lab.example', name: 'A', role: 'user', is_active: true, created_at: '2030-01-01' };
beforeEach(() => setActivePinia(createPinia()));
afterEach(() => vi.unstubAllGlobals());

it('is signed out once the server confirms, not if it refuses', async () => {
  const session = useSession();
  session.adopt({ access_token: 't', token_type: 'Bearer', expires_in: 900, user: ACCOUNT as never });
  const refusal = JSON.stringify({ code: 'database_unavailable', status: 503, detail: '', request_id: '' });
  const headers = { 'content-type': 'application/problem+json' };
  vi.stubGlobal('fetch', async () => new Response(refusal, { status: 503, headers }));
  await expect(session.signOut()).rejects.toMatchObject({ code: 'database_unavailable' });
  expect([session.state, session.user?.name]).toEqual(['signed-in', 'A']);
  vi.stubGlobal('fetch', async () => new Response(null, { status: 204 }));
  const leaving = session.signOut();
  expect(session.state).toBe('leaving');
  await leaving;
  expect([session.state, session.user]).toEqual(['signed-out', null]);
});
