import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { useTestApi } from '../support/test-api.ts';

const newCode = () => String(randomInt(1e8)).padStart(8, '0');
const statusesOf = async (calls: Promise<{ status: number }>[]) =>
  (await Promise.all(calls)).map(({ status }) => status);

describe('codes awaiting confirmation', () => {
  const api = useTestApi({ PAIR_MAX_LIVE_CODES: '12', PAIR_MAX_LIVE_CODES_PER_NETWORK: '5' });
  const ask = async (address: string) => {
    const code = newCode();
    const { status } = await api.call('POST', '/pair', { body: { hostname: 'x', code }, address });
    return { status, code };
  };
  const stateOf = async (code: string) =>
    (await api.call('GET', `/pair/${code}/status`, { address: '192.0.2.9' })).body.status;

  it('are limited per network, and when the total is reached the network with the most loses one', async () => {
    const lone = await ask('198.51.100.1');
    const first = await ask('203.0.113.1');
    const more = Array.from({ length: 9 }, (_, i) => ask(`203.0.113.${i + 2}`));
    expect((await statusesOf(more)).sort()).toEqual([...Array(4).fill(201), ...Array(5).fill(429)]);
    const oldest = await ask('2001:db8:1::1');
    expect(await statusesOf(Array.from({ length: 6 }, (_, i) => ask(`2001:db8:1:${i}::1`)))).toContain(429);
    expect(await statusesOf([ask('198.51.100.2')])).toEqual([201]);
    const newcomer = await ask('192.0.2.1');
    expect(newcomer.status).toBe(201);
    expect(await stateOf(first.code)).toBe('expired');
    for (const one of [lone, oldest, newcomer]) expect(await stateOf(one.code)).toBe('pending');
    await ask('192.0.2.2');
    expect(await stateOf(oldest.code)).toBe('expired');
    expect(await stateOf(lone.code)).toBe('pending');
  });

  it('expire when another network requests the same code, not when the same robot asks again', async () => {
    const again = (body: object, address: string) => api.call('POST', '/pair', { body, address });
    const code = newCode();
    await again({ hostname: 'mine', code }, '10.1.0.1');
    expect((await again({ hostname: 'mine', code }, '10.1.0.1')).status).toBe(409);
    expect(await stateOf(code)).toBe('pending');
    expect((await again({ hostname: 'x', code }, '10.9.0.1')).status).toBe(409);
    expect(await stateOf(code)).toBe('expired');
    const owner = await api.person();
    expect((await api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body: {} })).status).toBe(404);
  });
});

describe('wrong codes', () => {
  const api = useTestApi({ PAIR_POLL_INTERVAL: '1' });

  it('from many callers together are limited, without holding up robots or owners', async () => {
    const { code, poll_token } = await api.ask();
    const guess = (i: number) => api.call('GET', `/pair/${newCode()}/status`, { address: `10.0.${i}.1` });
    const statuses = await statusesOf(Array.from({ length: 100 }, (_, i) => guess(i)));
    const { attemptsOfAnybody } = api.deps().config.pairing;
    expect(statuses.filter((status) => status === 404)).toHaveLength(attemptsOfAnybody);
    expect((await api.call('GET', `/pair/${code}/status`, { address: '10.2.0.1' })).status).toBe(429);
    const poll = await api.call('GET', `/pair/${code}/status`, { token: poll_token, address: '10.2.0.1' });
    expect([poll.status, poll.body.status]).toEqual([200, 'pending']);
    const owner = await api.person();
    expect((await api.call('GET', `/pair/${code}`, { token: owner.token })).status).toBe(200);
  });

  it('are audited: the first from each place, without flooding the log', async () => {
    const [admin, user] = [await api.person('admin'), await api.person()];
    for (let i = 0; i < 5; i++) await api.call('GET', `/pair/${newCode()}`, { token: user.token });
    const { body } = await api.call('GET', '/audit?action=pairing.wrong_code&limit=1000', { token: admin.token });
    const own = body.items.filter((entry: { actor_id: number }) => entry.actor_id === user.id);
    expect(own).toMatchObject([{ actor_name: user.email, address: '192.0.2.1' }]);
    expect(body.items.length).toBeLessThan(40);
  });
});

describe('a code that is in use', () => {
  const api = useTestApi();

  it('expires when another network requests it, but not within its own network', async () => {
    const owner = await api.person();
    const ask = (hostname: string, address: string) =>
      api.call('POST', '/pair', { body: { hostname, code: '13572468' }, address });
    expect((await ask('first', '192.0.2.7')).status).toBe(201);
    expect((await ask('second', '192.0.2.8')).status).toBe(409);
    expect((await api.call('GET', '/pair/13572468', { token: owner.token })).body.hostname).toBe('first');
    expect((await ask('third', '203.0.113.9')).status).toBe(409);
    expect((await api.call('GET', '/pair/13572468', { token: owner.token })).status).toBe(404);
  });
});

it('one address cannot use up the limit of its network', () => {
  const { pairing } = loadConfig({
    DATABASE_URL: 'postgres://nowhere/none',
    SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789',
  });
  expect(pairing.requestsPerAddress * 4).toBeLessThanOrEqual(pairing.maxLiveCodesPerNetwork);
});

it('an attacker with 100 addresses finds one of ten codes in a day with a probability below 0.1 %', () => {
  const { pairing } = loadConfig({
    DATABASE_URL: 'postgres://nowhere/none',
    SECRET_KEY: 'abcdefghijklmnopqrstuvwxyz0123456789',
  });
  const [addresses, codes, windows] = [100, 10, 24 * 4 + 1];
  // One account each: the total limit, not the number of users, bounds the attempts.
  const byUsers = Math.min(
    addresses * Math.min(pairing.attemptsPerUser, pairing.attemptsPerAddress),
    pairing.attemptsOfUsers,
  );
  const byAnybody = Math.min(addresses * pairing.attemptsPerAddress, pairing.attemptsOfAnybody);
  // Requesting a code in use by another network expires it, so probing gains nothing.
  const guesses = windows * (byUsers + byAnybody);
  expect(guesses * (codes / 1e8)).toBeLessThan(0.001);
});
