import { afterAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../tools/real/redis.ts';
import { useTestApi } from '../support/test-api.ts';

const redis = await startRedis();
afterAll(() => redis.stop());

const env = { REDIS_URL: redis.url, LOGIN_ATTEMPTS_PER_ACCOUNT: '6', PAIR_ATTEMPTS_PER_ADDRESS: '6' };
const [one, other] = [useTestApi(env), useTestApi(env)];
const wait = { timeout: 30_000, interval: 250 };
let people = 0;
let code = 50_000_000;

/** Concurrent sign-ins with a wrong password, alternating between two replicas. */
async function wrongSignIns(email: string, count: number) {
  const replies = Array.from({ length: count }, (_, i) => [one, other][i % 2]?.signIn(email, 'wrong password'));
  return (await Promise.all(replies)).map((reply) => reply?.status).sort();
}
const nobody = () => `nobody-${++people}@lab.example`;
const statuses = (refused: number, limited: number) => [...Array(refused).fill(401), ...Array(limited).fill(429)];

describe('two replicas with one Redis', () => {
  it('count failed sign-ins together, even concurrent ones', async () => {
    const email = nobody();
    expect(await wrongSignIns(email, 10)).toEqual(statuses(6, 4));
    for (const api of [one, other]) {
      const { status, headers } = await api.signIn(email, 'wrong password');
      expect([status, Number(headers['retry-after']) > 0]).toEqual([429, true]);
    }
    expect((await other.signIn(nobody(), 'wrong password')).status).toBe(401);
  });

  it('count wrong codes together, and refund successful attempts', async () => {
    const address = '203.0.113.44';
    const guess = (api: typeof one) =>
      api.call('GET', `/pair/${++code}/status`, { address }).then((reply) => reply.status);
    const { code: right } = await one.ask();
    for (let i = 0; i < 10; i++) {
      expect((await one.call('GET', `/pair/${right}/status`, { address })).status).toBe(200);
    }
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) seen.push(await guess([one, other][i % 2] as typeof one));
    expect(seen).toEqual([...Array(6).fill(404), 429, 429]);
  });

  it.each([
    ['gone', () => redis.crash(), () => redis.restart()],
    ['frozen', () => redis.pause(), () => redis.resume()],
  ])('count separately while Redis is %s, and together again afterwards', async (_, cut, mend) => {
    await cut();
    try {
      const email = nobody();
      expect(await wrongSignIns(email, 20)).toEqual(statuses(12, 8));
    } finally {
      await mend();
    }
    await expect.poll(() => wrongSignIns(nobody(), 10), wait).toEqual(statuses(6, 4));
  });
});

describe('a replica that starts before Redis', () => {
  const api = useTestApi({ ...env, REDIS_URL: 'redis://127.0.0.1:1' });
  it('serves requests anyway', async () => {
    const { email } = await api.person();
    expect((await api.signIn(email)).status).toBe(200);
  });
});
