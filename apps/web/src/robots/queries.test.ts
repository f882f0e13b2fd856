import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askEarly } from '../app/start-early';
import { useSession } from '../auth/session';
import { fetchRobots } from './queries';

vi.mock('../auth/find-session', async (original) => ({
  ...(await original<object>()),
  findSession: async () => ({ token: 'a', expiresAt: Date.now() + 900_000, user: {} }),
}));

const requested: string[] = [];
const sent: string[] = [];
let pages: { items: object[]; next_cursor: string | null }[];
beforeEach(() => {
  setActivePinia(createPinia());
  document.documentElement.lang = 'en';
  pages = [];
  sent.length = 0;
  requested.length = 0;
  vi.stubGlobal('fetch', async (input: Request | string) => {
    const { pathname, search } = new URL(typeof input === 'string' ? input : input.url, location.origin);
    (typeof input === 'string' ? requested : sent).push(pathname + search);
    return Response.json(pages.shift());
  });
  useSession().adopt({ access_token: 'a', token_type: 'Bearer', expires_in: 900, user: { id: 1 } as never });
});
afterEach(() => vi.unstubAllGlobals());

it('uses the page of robots that was requested before the app loaded', async () => {
  pages = [{ items: [{ id: 1 }], next_cursor: null }];
  await askEarly('/');
  expect(requested).toEqual(['/api/robots?limit=1000']);
  expect(await fetchRobots()).toEqual([{ id: 1 }]);
  expect(sent).toEqual([]);
});

it('reads one page after another', async () => {
  pages = [
    { items: [{ id: 1 }], next_cursor: 'a+b' },
    { items: [{ id: 2 }], next_cursor: null },
  ];
  expect(await fetchRobots()).toEqual([{ id: 1 }, { id: 2 }]);
  expect(sent).toEqual(['/api/robots?limit=1000', '/api/robots?limit=1000&cursor=a%2Bb']);
});
