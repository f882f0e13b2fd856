import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope, ref } from 'vue';
import { useSession } from './session';
import { useResumption } from './use-resumption';

const ACCOUNT = { id: 1, email: 'a@lab.example', name: 'A', role: 'user', is_active: true, created_at: '2030-01-01' };
let status: number;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  asked = 0;
  // No other tab answers, in particular not the previous test's.
  vi.stubGlobal(
    'BroadcastChannel',
    class {
      postMessage() {}
      close() {}
    },
  );
  vi.stubGlobal('fetch', async () => {
    asked++;
    if (status === 200) return Response.json({ access_token: 't', expires_in: 900, user: ACCOUNT });
    const headers = { 'content-type': 'application/problem+json', ...(status === 429 && { 'retry-after': '60' }) };
    const code = { 401: 'unauthorized', 429: 'rate_limited', 503: 'database_unavailable' }[status];
    return new Response(JSON.stringify({ code, status, detail: '', request_id: '' }), { status, headers });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function open(wanted = ref(true)) {
  const scope = effectScope();
  const resumption = scope.run(() => useResumption(() => wanted.value)) as ReturnType<typeof useResumption>;
  return { ...resumption, session: useSession(), wanted, stop: () => scope.stop() };
}

it('retries by itself while the database is down, and says so', async () => {
  status = 503;
  const page = open();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([asked, page.problem.value.code, page.session.state]).toEqual([1, 'database_unavailable', 'unknown']);
  status = 200;
  await vi.advanceTimersByTimeAsync(6_000);
  expect([asked, page.session.user?.name]).toEqual([2, 'A']);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toBe(2);
  page.stop();
});

it('retries at once on request, otherwise waits as long as the server says', async () => {
  status = 429;
  const page = open();
  await vi.advanceTimersByTimeAsync(50_000);
  expect(asked).toBe(1);
  status = 401;
  void page.resume();
  await vi.advanceTimersByTimeAsync(500);
  expect([asked, page.session.state]).toEqual([2, 'signed-out']);
  page.stop();
});

it('does not retry unless wanted', async () => {
  status = 503;
  const page = open(ref(false));
  await page.resume();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toBe(0);
  page.stop();
});
