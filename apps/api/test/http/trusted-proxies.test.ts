import { describe, expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';

const PROXY = '10.1.2.3';
const ELSEWHERE = '203.0.113.7';
let code = 40_000_000;

/** The address that the API records for a robot requesting to be paired. */
async function addressSeen(api: ReturnType<typeof useTestApi>, from: string, forwarded?: string) {
  const owner = await api.person();
  const body = { hostname: 'orange', code: String(++code) };
  const headers: Record<string, string> = forwarded ? { 'x-forwarded-for': forwarded } : {};
  await api.call('POST', '/pair', { body, address: from, headers });
  return (await api.call('GET', `/pair/${code}`, { token: owner.token, address: '198.51.100.254' })).body.address;
}

/** Statuses for wrong codes, each claiming to come from another address. */
async function guess(api: ReturnType<typeof useTestApi>, from: string, forwarded: (i: number) => string) {
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) {
    const headers = { 'x-forwarded-for': forwarded(i) };
    statuses.push((await api.call('GET', `/pair/${99_999_990 + i}/status`, { address: from, headers })).status);
  }
  return statuses;
}

describe('without TRUSTED_PROXIES', () => {
  const api = useTestApi({ PAIR_ATTEMPTS_PER_ADDRESS: '5' });
  it('X-Forwarded-For is never trusted', async () => {
    expect(await addressSeen(api, PROXY, ELSEWHERE)).toBe(PROXY);
    expect(await guess(api, PROXY, (i) => `203.0.113.${i}`)).toEqual([...Array(5).fill(404), ...Array(3).fill(429)]);
  });
});

describe('with TRUSTED_PROXIES', () => {
  const api = useTestApi({ TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1', PAIR_ATTEMPTS_PER_ADDRESS: '5' });
  it('X-Forwarded-For is trusted from the proxies only', async () => {
    expect(await addressSeen(api, PROXY, ELSEWHERE)).toBe(ELSEWHERE);
    expect(await addressSeen(api, PROXY)).toBe(PROXY);
    expect(await addressSeen(api, '172.16.0.9', ELSEWHERE)).toBe('172.16.0.9');
    expect(await addressSeen(api, '192.0.2.1', `${ELSEWHERE}, ${PROXY}`)).toBe(ELSEWHERE);
  });

  it('an address that a client put before the proxy’s entry is not trusted', async () => {
    expect(await addressSeen(api, PROXY, `8.8.8.8, ${ELSEWHERE}`)).toBe(ELSEWHERE);
    expect(await guess(api, PROXY, (i) => `203.0.113.${100 + i}, 203.0.113.99`)).toEqual([
      ...Array(5).fill(404),
      ...Array(3).fill(429),
    ]);
  });

  it('an invalid address is not used', async () => {
    for (const nonsense of ['unknown', 'x'.repeat(300), '203.0.113.7:1234']) {
      expect(await addressSeen(api, PROXY, nonsense), nonsense).toBe(PROXY);
    }
  });

  it('addresses of one IPv6 network count as one client', async () => {
    const [own, others] = ['2001:db8:1:2', '2001:db8:1:3'];
    expect(await guess(api, PROXY, (i) => `${own}:${i}::${i}`)).toEqual([...Array(5).fill(404), ...Array(3).fill(429)]);
    expect(await guess(api, PROXY, (i) => `${others}::${i}`)).toContain(404);
    expect(await guess(api, '172.16.0.11', () => '')).toEqual([...Array(5).fill(404), ...Array(3).fill(429)]);
    expect(await guess(api, '::ffff:172.16.0.11', () => '')).toEqual(Array(8).fill(429));
  });

  it('attempts are counted for each client behind the proxy', async () => {
    expect(await guess(api, PROXY, (i) => `203.0.113.${200 + i}`)).toEqual(Array(8).fill(404));
    expect(await guess(api, '172.16.0.10', (i) => `203.0.113.${i}`)).toContain(429);
  });
});
