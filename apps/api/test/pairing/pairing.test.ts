import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expireCodes } from '../../src/pairing/pair-code-store.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi({ PAIR_POLL_INTERVAL: '2' });
const poll = (code: string, token?: string) =>
  api.call('GET', `/pair/${code}/status`, { token, address: `203.0.113.${randomInt(250)}` });

describe('pairing', () => {
  it('and deleting the user at the same time leave a robot with a valid owner or none', async () => {
    const admin = await api.person('admin');
    for (let round = 0; round < 5; round++) {
      const leaving = await api.person();
      const asked = [await api.ask('one'), await api.ask('two'), await api.ask('three')];
      const [removed, ...confirmed] = await Promise.all([
        api.call('DELETE', `/users/${leaving.id}`, { token: admin.token }),
        ...asked.map(({ code }) => api.call('POST', `/pair/${code}/confirm`, { token: leaving.token, body: {} })),
      ]);
      expect(removed?.status).toBe(204);
      for (const { status } of confirmed) expect([200, 401]).toContain(status);
    }
  });

  it('hands the token to the robot that asked, until its first accepted write', async () => {
    const owner = await api.person();
    const { code, poll_token, robot_id } = await api.ask('orange');
    expect((await api.call('GET', `/pair/${code}`, { token: owner.token })).body).toMatchObject({
      hostname: 'orange',
      architecture: 'arm64',
    });
    expect((await poll(code, poll_token)).body).toEqual({ status: 'pending' });
    const confirmed = await api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body: { name: 'Orange' } });
    expect(confirmed.body).toMatchObject({ robot_id, status: 'active' });
    const polled = await poll(code, poll_token);
    expect(polled.body).toEqual({
      status: 'confirmed',
      token: confirmed.body.influxdb_token,
      robot_id,
      name: 'Orange',
    });

    const row = await api
      .deps()
      .db.selectFrom('robots')
      .selectAll()
      .where('id', '=', robot_id)
      .executeTakeFirstOrThrow();
    expect(row.influxdb_token).toBe(sha256(polled.body.token));
    expect((await api.report(polled.body.token, 'mem used_percent=1')).status).toBe(204);
    // Simulates that the interval has passed.
    await api.deps().db.updateTable('pair_codes').set({ last_polled_at: null }).where('code', '=', code).execute();
    expect((await poll(code, poll_token)).body).toEqual({ status: 'confirmed' });
  });

  it('reveals only the status for a code alone, and nothing for a wrong poll token', async () => {
    const owner = await api.person();
    const { code } = await api.pairedRobot(owner);
    expect((await poll(code)).body).toEqual({ status: 'confirmed' });
    expect((await poll(code, 'guessed')).status).toBe(401);
  });

  it('lets exactly one of ten concurrent confirms by two users win', async () => {
    const people = [await api.person(), await api.person()];
    const { code, robot_id } = await api.ask();
    const tries = Array.from({ length: 10 }, (_, i) =>
      api.call('POST', `/pair/${code}/confirm`, { token: people[i % 2]?.token, body: {} }),
    );
    const replies = await Promise.all(tries);
    const won = replies.filter((reply) => reply.status === 200);
    expect(won).toHaveLength(1);
    const robots = await Promise.all(people.map((p) => api.call('GET', '/robots', { token: p.token })));
    expect(robots.map((reply) => reply.body.items.length).sort()).toEqual([0, 1]);
    expect((await api.report(won[0]?.body.influxdb_token, 'mem used_percent=1')).status).toBe(204);
    expect(robot_id).toBe(won[0]?.body.robot_id);
  });

  it('refuses a code in use, even in ten concurrent requests, and leaves no robots behind', async () => {
    const code = String(randomInt(1e8)).padStart(8, '0');
    const ask = (i: number) =>
      api.call('POST', '/pair', { body: { hostname: `twin-${i}`, code }, address: '203.0.113.251' });
    const statuses = (await Promise.all(Array.from({ length: 10 }, (_, i) => ask(i)))).map((reply) => reply.status);
    expect(statuses.sort()).toEqual([201, ...Array(9).fill(409)]);
    const robots = await api.deps().db.selectFrom('robots').select('id').where('hostname', 'like', 'twin-%').execute();
    expect(robots).toHaveLength(1);
  });

  it('answers malformed requests with 400', async () => {
    const bodies = [
      {},
      { hostname: 'x', code: '1234567' },
      { hostname: 'x', code: 12345678 },
      { hostname: '', code: '12345678' },
      { hostname: 'a\nb', code: '12345678' },
      { hostname: 'x', code: '12345678', architecture: 'z80' },
    ];
    for (const body of bodies)
      expect((await api.call('POST', '/pair', { body })).body.code, JSON.stringify(body)).toBe('validation_failed');
    expect(
      (await api.call('POST', '/pair', { body: '{"hostname":', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(400);
  });

  it('makes eager pollers wait, but not for the first poll after the confirmation', async () => {
    const owner = await api.person();
    const { code, poll_token } = await api.ask();
    await poll(code, poll_token);
    const eager = await poll(code, poll_token);
    expect([eager.status, eager.headers['retry-after']]).toEqual([429, '2']);
    await api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body: {} });
    expect((await poll(code, poll_token)).body.token).toBeTruthy();
  });

  it('expires codes, and deletes robots that were never confirmed', async () => {
    const owner = await api.person();
    const { code, poll_token, robot_id } = await api.ask();
    const { db } = api.deps();
    await db
      .updateTable('pair_codes')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('code', '=', code)
      .execute();
    expect((await api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body: {} })).status).toBe(404);
    expect((await poll(code, poll_token)).body).toEqual({ status: 'expired' });
    await db
      .updateTable('pair_codes')
      .set({ expires_at: new Date(Date.now() - 7_200_000) })
      .where('code', '=', code)
      .execute();
    await expireCodes(db);
    expect(await db.selectFrom('robots').select('id').where('id', '=', robot_id).executeTakeFirst()).toBeUndefined();
  });

  it('gives away nothing to 1,000 wrong codes from one address, not even a right one at the end', async () => {
    const { code } = await api.ask();
    const owners = await Promise.all(Array.from({ length: 5 }, () => api.person()));
    const statuses = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const token = owners[i % owners.length]?.token;
      statuses.add(
        (await api.call('GET', `/pair/${String(10_000_000 + i)}`, { token, address: '203.0.113.252' })).status,
      );
    }
    expect(statuses).toEqual(new Set([404, 429]));
    expect((await api.call('GET', `/pair/${code}`, { token: owners[0]?.token, address: '203.0.113.252' })).status).toBe(
      429,
    );
    expect((await api.call('GET', `/pair/${code}/status`, { address: '203.0.113.252' })).status).toBe(429);
  });
});
