import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useSession } from '../auth/session';
import { api } from './client';
import { reach } from './reachability';

const user = { id: 1, email: 'a@lab.example', name: 'A', role: 'user', is_active: true, created_at: '2030-01-01' };
let sent: string[];
let answer: (path: string) => Promise<Response>;
beforeEach(() => {
  setActivePinia(createPinia());
  useSession().adopt({ access_token: 't', token_type: 'Bearer', expires_in: 900, user: user as never });
  sent = [];
  answer = async () => Response.json({ items: [], next_cursor: null });
  vi.stubGlobal('fetch', (input: Request | string) => {
    const path = new URL(typeof input === 'string' ? input : input.url, 'http://x').pathname;
    sent.push(path);
    return answer(path);
  });
});
afterEach(() => vi.unstubAllGlobals());
const robots = () => api.GET('/api/robots', {});

it('sends nothing during or after signing out', async () => {
  let finish = () => {};
  answer = () => new Promise((resolve) => (finish = () => resolve(new Response(null, { status: 204 }))));
  const leaving = useSession().signOut();
  const asked = robots();
  await Promise.resolve();
  finish();
  await leaving;
  await expect(asked).rejects.toMatchObject({ code: 'session_ended' });
  await expect(robots()).rejects.toMatchObject({ code: 'session_ended' });
  answer = async () => Response.json({});
  await api.GET('/api/server');
  expect(sent).toEqual(['/api/auth/logout', '/api/server']);
});

it('continues after the server refused to sign out', async () => {
  answer = async (path) =>
    path.endsWith('logout') ? new Response('{}', { status: 503 }) : Response.json({ items: [], next_cursor: null });
  const leaving = useSession().signOut();
  const asked = robots();
  await expect(leaving).rejects.toThrow();
  // The 503 made the server count as unreachable; undo that.
  await reach('/api/health');
  await asked.catch(() => undefined);
  await robots();
  expect(sent).toContain('/api/robots');
});

it('while the server is down, sends actions but no reads', async () => {
  answer = async () => {
    throw new TypeError('Failed to fetch');
  };
  for (let i = 0; i < 3; i++) await expect(robots()).rejects.toMatchObject({ code: 'unreachable' });
  expect(sent).toEqual(['/api/robots']);
  await expect(api.PATCH('/api/auth/me', { body: { name: 'B' } })).rejects.toMatchObject({ code: 'unreachable' });
  expect(sent).toEqual(['/api/robots', '/api/auth/me']);
  answer = async () => Response.json({ items: [], next_cursor: null });
  await reach('/api/health');
  await robots();
  expect(sent.slice(2)).toEqual(['/api/health', '/api/robots']);
});
