import { describe, expect, it } from 'vitest';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();

describe('robots', () => {
  it('are private: every request of another user gets 404 and changes nothing', async () => {
    const [owner, stranger] = [await api.person(), await api.person()];
    const { id, token } = await api.pairedRobot(owner, 'mine');
    const at = { token: stranger.token };
    const calls = [
      api.call('GET', `/robots/${id}`, at),
      api.call('PATCH', `/robots/${id}`, { ...at, body: { name: 'theirs' } }),
      api.call('PATCH', `/robots/${id}`, { ...at, body: { status: 'inactive' } }),
      api.call('DELETE', `/robots/${id}`, at),
      api.call('POST', `/robots/${id}/token`, at),
      api.call('GET', `/robots/${id}/metrics`, at),
      api.call('GET', `/robots/${id}/metrics/cpu`, at),
      api.call('GET', `/robots/${id}/logs`, at),
    ];
    expect((await Promise.all(calls)).map((reply) => reply.status)).toEqual(Array(8).fill(404));
    expect((await api.call('GET', '/robots', at)).body.items).toEqual([]);
    expect((await api.report(token, 'mem used_percent=1')).status).toBe(204);
    expect((await api.call('GET', `/robots/${id}`, { token: owner.token })).body.name).toBe('mine');
  });

  it('lose their token at once when deactivated, rotated or deleted', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    const at = { token: owner.token };
    const write = (with_: string) => api.report(with_, 'mem used_percent=1').then((reply) => reply.status);
    expect(await write(token)).toBe(204);
    await api.call('PATCH', `/robots/${id}`, { ...at, body: { status: 'inactive' } });
    expect(await write(token)).toBe(401);
    await api.call('PATCH', `/robots/${id}`, { ...at, body: { status: 'active' } });
    expect(await write(token)).toBe(204);
    const { body } = await api.call('POST', `/robots/${id}/token`, at);
    expect(await write(token)).toBe(401);
    expect(await write(body.influxdb_token)).toBe(204);
    await api.call('DELETE', `/robots/${id}`, at);
    expect(await write(body.influxdb_token)).toBe(401);
  });

  it('show only their owner that the previous token, which is never accepted, is still in use', async () => {
    const [owner, stranger] = [await api.person(), await api.person()];
    const [mine, theirs] = [await api.pairedRobot(owner), await api.pairedRobot(stranger)];
    const write = async (token: string) => (await api.report(token, 'm v=1')).status;
    const read = (id: number, { token }: Person) => api.call('GET', `/robots/${id}`, { token });
    const refusedAt = async (id = mine.id, whose = owner) => (await read(id, whose)).body.former_token_refused_at;
    const rotate = (by: Person) => api.call('POST', `/robots/${mine.id}/token`, { token: by.token });
    expect(await write(mine.token)).toBe(204);
    expect((await rotate(stranger)).status).toBe(404);
    expect(await write(mine.token)).toBe(204);
    const { influxdb_token } = (await rotate(owner)).body;
    expect(await write(influxdb_token)).toBe(204);
    expect(await refusedAt()).toBeNull();

    const flood = Array.from({ length: 20 }, () => write(mine.token));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
    expect(await write('of nobody')).toBe(401);
    await expect.poll(refusedAt, { timeout: 10_000 }).not.toBeNull();
    expect(Math.abs(Date.now() - Date.parse(await refusedAt()))).toBeLessThan(30_000);
    expect(await write(mine.token)).toBe(401);
    expect((await read(mine.id, stranger)).status).toBe(404);
    expect(await refusedAt(theirs.id, stranger)).toBeNull();
    expect(JSON.stringify((await read(mine.id, owner)).body)).not.toContain('"former_token"');

    await rotate(owner);
    expect(await refusedAt()).toBeNull();
    expect(await write(mine.token)).toBe(401);
    expect(await write(influxdb_token)).toBe(401);
    await expect.poll(refusedAt, { timeout: 10_000 }).not.toBeNull();
  });

  it('with a revoked token get 401 whatever they send, and do not go into error', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    const broken = [
      api.report,
      (with_: string) => api.report(with_, 'broken'),
      (with_: string) => api.report(with_, 'm v=1', {}, '?precision=fortnight'),
      (with_: string) => api.report(with_, 'not gzip', { 'content-encoding': 'gzip' }),
      (with_: string) => api.report(with_, 'm v=1', { 'content-encoding': 'br' }),
      (with_: string) => api.report(with_, 'm v=1', { 'content-length': '999999999' }),
      (with_: string) => api.report(with_, 'm v=1\n'.repeat(100_001)),
    ].map((send) => (with_: string) => send(with_, '').then(({ status }) => status));
    for (const send of broken) expect([400, 413, 415]).toContain(await send(token));
    expect(await api.report(token, 'm v=1')).toMatchObject({ status: 204 });

    const rotated = await api.call('POST', `/robots/${id}/token`, { token: owner.token });
    for (const send of broken) expect(await send(token)).toBe(401);
    const robot = await api.call('GET', `/robots/${id}`, { token: owner.token });
    expect(robot.body).toMatchObject({ status: 'active', error_reason: null });
    expect((await api.report(rotated.body.influxdb_token, 'm v=1')).status).toBe(204);
  });

  it('can be given to another owner by an administrator only', async () => {
    const [admin, from, to] = [await api.person('admin'), await api.person(), await api.person()];
    const { id } = await api.pairedRobot(from);
    const body = { owner_id: to.id };
    expect((await api.call('PATCH', `/robots/${id}`, { token: from.token, body })).status).toBe(403);
    expect((await api.call('PATCH', `/robots/${id}`, { token: admin.token, body: { owner_id: 999_999 } })).status).toBe(
      400,
    );
    expect((await api.call('PATCH', `/robots/${id}`, { token: admin.token, body })).body.owner.id).toBe(to.id);
    expect((await api.call('GET', `/robots/${id}`, { token: from.token })).status).toBe(404);
  });

  it('can be listed page by page in any order, each once', async () => {
    const owner = await api.person();
    const names = ['delta', 'Alpha', 'charlie', 'bravo', 'Echo', 'alpha'];
    for (const name of names) await api.pairedRobot(owner, name);
    // The two alphas have the same name: ties are sorted by id, in the same direction.
    const byName = ['Alpha', 'alpha', 'bravo', 'charlie', 'delta', 'Echo'];
    for (const [query, expected] of [
      ['sort=name', byName],
      ['sort=name&order=desc', byName.toReversed()],
      ['sort=created_at', names],
      ['sort=created_at&order=desc', names.toReversed()],
      ['sort=last_seen_at&order=desc', names.toReversed()],
    ] as const) {
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await api.call('GET', `/robots?limit=2&${query}${cursor && `&cursor=${cursor}`}`, {
          token: owner.token,
        });
        seen.push(...body.items.map((robot: { name: string }) => robot.name));
        cursor = body.next_cursor;
      } while (cursor);
      expect(seen, query).toEqual(expected);
    }
    expect((await api.call('GET', '/robots?q=LPH', { token: owner.token })).body.items).toHaveLength(2);
    expect((await api.call('GET', '/robots?online=true', { token: owner.token })).body.items).toHaveLength(0);
    expect((await api.call('GET', '/robots?cursor=nonsense', { token: owner.token })).status).toBe(400);
  });

  it('can be listed by id, without those of others', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [one, two, unasked] = [
      await api.pairedRobot(owner, 'one'),
      await api.pairedRobot(owner, 'two'),
      await api.pairedRobot(owner, 'unasked'),
    ];
    const theirs = await api.pairedRobot(stranger, 'theirs');
    const read = async (token: string, ...ids: number[]) => {
      const query = ids.map((id) => `id=${id}`).join('&');
      const { status, body } = await api.call('GET', `/robots?${query}`, { token });
      return status === 200 ? body.items.map(({ id }: { id: number }) => id) : status;
    };
    expect(await read(owner.token, two.id)).toEqual([two.id]);
    expect(await read(owner.token, one.id, two.id, theirs.id, 2_147_483_647)).toEqual([one.id, two.id]);
    expect(await read(owner.token, theirs.id)).toEqual([]);
    expect(await read(admin.token, theirs.id, one.id)).toEqual([one.id, theirs.id]);
    expect(await read(owner.token)).toEqual([one.id, two.id, unasked.id]);
    const many = (count: number) => Array.from({ length: count }, (_, i) => i + 1_000_000);
    expect(await read(owner.token, ...many(199), one.id)).toEqual([one.id]);
    expect(await read(owner.token, ...many(201))).toBe(400);
    for (const nonsense of ['id=', 'id=x', 'id=1&id=-1', 'id=99999999999', 'q=a&q=b'])
      expect((await api.call('GET', `/robots?${nonsense}`, { token: owner.token })).status).toBe(400);
  });

  it('can be found by letters of any alphabet, ignoring case', async () => {
    const owner = await api.person();
    const names = ['Ошибка', 'Äpfel', 'élan', 'Zebra', 'zoo', 'Ёлка'];
    for (const name of names) await api.pairedRobot(owner, name);
    const found = async (query: string) =>
      (await api.call('GET', `/robots?${query}`, { token: owner.token })).body.items.map(
        ({ name }: { name: string }) => name,
      );
    for (const [q, name] of [
      ['ошибка', 'Ошибка'],
      ['ШИБ', 'Ошибка'],
      ['äPF', 'Äpfel'],
      ['ÉL', 'élan'],
      ['ёЛ', 'Ёлка'],
    ])
      expect(await found(`q=${encodeURIComponent(q as string)}`), q).toEqual([name]);
    expect(await found('sort=name')).toEqual(['Zebra', 'zoo', 'Äpfel', 'élan', 'Ошибка', 'Ёлка']);
    const page = await api.call('GET', '/robots?sort=name&limit=3', { token: owner.token });
    expect(await found(`sort=name&cursor=${page.body.next_cursor}`)).toEqual(['élan', 'Ошибка', 'Ёлка']);
  });

  it('go into error when lines are refused, and recover by themselves', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    const status = async () => (await api.call('GET', `/robots/${id}`, { token: owner.token })).body;
    await api.report(token, 'mem used_percent=1\nbroken');
    expect(await status()).toMatchObject({ status: 'error', error_reason: 'line 2: missing fields' });
    expect((await api.report(token, 'mem used_percent=2')).status).toBe(204);
    expect(await status()).toMatchObject({ status: 'active', error_reason: null });
  });

  it('are online after a report, without an update per write', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    await api.report(token, 'mem used_percent=1');
    await api.deps().presence.flush();
    expect((await api.call('GET', `/robots/${id}`, { token: owner.token })).body).toMatchObject({
      online: true,
      clock_skew_ms: null,
    });
    await api.report(token, `mem used_percent=1 ${Date.now() + 3_600_000}`, {}, '?precision=ms');
    await api.deps().presence.flush();
    const skewed = (await api.call('GET', `/robots/${id}`, { token: owner.token })).body;
    expect(Math.round(skewed.clock_skew_ms / 60_000)).toBe(60);
  });

  it('show no slow clock after data sent later, until they report again', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    const skewAfter = async (age: number) => {
      await api.report(token, `mem used_percent=1 ${Date.now() - age}`, {}, '?precision=ms');
      await api.deps().presence.flush();
      return (await api.call('GET', `/robots/${id}`, { token: owner.token })).body.clock_skew_ms;
    };
    // Of a robot that is not known yet, the first report is all there is.
    expect(Math.round((await skewAfter(3_600_000)) / 60_000)).toBe(-60);
    // A point that is newer tells that the clock is, too.
    expect(Math.round((await skewAfter(40_000)) / 10_000)).toBe(-4);
    expect(await skewAfter(0)).toBe(0);
    expect(await skewAfter(7_200_000)).toBe(0);
  });

  it('show the version of the agent that reported last', async () => {
    const owner = await api.person();
    const { id, token } = await api.pairedRobot(owner);
    const versionAfter = async (agent: string) => {
      expect((await api.report(token, 'mem used_percent=1', { 'user-agent': agent })).status).toBe(204);
      await api.deps().presence.flush();
      return (await api.call('GET', `/robots/${id}`, { token: owner.token })).body.agent_version;
    };
    expect(await versionAfter('Telegraf/1.37.2 Go/1.25.5')).toBe('1.37.2');
    expect(await versionAfter('Telegraf/1.38.0-rc1')).toBe('1.38.0-rc1');
    for (const other of ['curl/8.5.0', `Telegraf/${'9'.repeat(65)} Go`, 'Telegraf/<b>1</b>'])
      expect(await versionAfter(other)).toBe('1.38.0-rc1');
  });

  it('have their changes audited', async () => {
    const [admin, owner] = [await api.person('admin'), await api.person()];
    const { id } = await api.pairedRobot(owner);
    await api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { name: 'renamed' } });
    await api.call('DELETE', `/robots/${id}`, { token: owner.token });
    const { body } = await api.call('GET', `/audit?target_kind=robot&target_id=${id}`, { token: admin.token });
    expect(body.items.map((entry: { action: string }) => entry.action)).toEqual([
      'robot.deleted',
      'robot.changed',
      'pairing.confirmed',
      'pairing.requested',
    ]);
    expect(body.items[0]).toMatchObject({
      actor_kind: 'user',
      actor_id: owner.id,
      actor_name: owner.email,
      address: '192.0.2.1',
    });
    expect(JSON.stringify(body)).not.toMatch(/token":"[^"]/);
  });
});
