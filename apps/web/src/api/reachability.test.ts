import { afterEach, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { reach, useReachability } from './reachability';

afterEach(() => vi.unstubAllGlobals());

it("takes a proxy's error page as unreachable, but not an error of the API", async () => {
  const scope = effectScope();
  const { state } = scope.run(() => useReachability(() => undefined)) as ReturnType<typeof useReachability>;
  const answered = async (status: number, type: string) => {
    vi.stubGlobal('fetch', async () => new Response('', { status, headers: { 'content-type': type } }));
    await reach('/api/robots');
    return state.value;
  };
  for (const status of [500, 502, 503, 504]) {
    expect(await answered(status, 'text/html'), String(status)).toBe('down');
    expect(await answered(status, 'application/problem+json'), String(status)).toBe('reachable');
  }
  expect(await answered(404, 'text/html')).toBe('reachable');
  scope.stop();
});
