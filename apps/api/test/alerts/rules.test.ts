import { describe, expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const offline = { kind: 'offline', after_s: 300 };
const hot = { kind: 'threshold', measurement: 'temp', field: 'temp', fn: 'max', window_s: 60, op: '>', value: 70 };
const body = (more: object = {}) => ({ name: 'Silent', scope: { all: true }, condition: offline, ...more });

describe('alert rules', () => {
  it('are created with defaults, changed, listed and deleted by their owner', async () => {
    const owner = await api.person();
    const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, sent?: object) =>
      api.call(method, path, { token: owner.token, body: sent });
    const created = await call('POST', '/alert-rules', body());
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      ...{ owner_id: owner.id, name: 'Silent', enabled: true, scope: { all: true }, condition: offline, for_s: 0 },
      ...{ resolve_for_s: 60, severity: 'warning', channels: [], remind_after_s: null },
    });
    const { id } = created.body;
    const changed = await call('PATCH', `/alert-rules/${id}`, { condition: hot, enabled: false, remind_after_s: 3600 });
    expect(changed.body).toMatchObject({ name: 'Silent', condition: hot, enabled: false, remind_after_s: 3600 });
    expect((await call('GET', `/alert-rules/${id}`)).body).toEqual(changed.body);
    const second = (await call('POST', '/alert-rules', body({ name: 'Second' }))).body;
    const first = (await call('GET', '/alert-rules?limit=1')).body;
    expect(first.items).toEqual([changed.body]);
    const rest = (await call('GET', `/alert-rules?limit=1&cursor=${first.next_cursor}`)).body;
    expect([rest.items, rest.next_cursor]).toEqual([[second], null]);
    expect((await call('DELETE', `/alert-rules/${id}`)).status).toBe(204);
    expect((await call('DELETE', `/alert-rules/${id}`)).status).toBe(404);
    const admin = await api.person('admin');
    const trail = (await api.call('GET', '/audit?action=alert_rule', { token: admin.token })).body.items;
    expect(trail.map(({ action }: { action: string }) => action)).toEqual([
      ...['alert_rule.deleted', 'alert_rule.created', 'alert_rule.changed', 'alert_rule.created'],
    ]);
  });

  it('of others do not exist, except for administrators', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const { id } = (await api.call('POST', '/alert-rules', { token: owner.token, body: body() })).body;
    const change = { enabled: false };
    for (const [method, sent] of [['GET'], ['PATCH', change], ['DELETE']] as const) {
      expect((await api.call(method, `/alert-rules/${id}`, { token: stranger.token, body: sent })).status).toBe(404);
      expect((await api.call(method, `/alert-rules/${id}`, { body: sent })).status).toBe(401);
    }
    expect((await api.call('GET', '/alert-rules', { token: stranger.token })).body.items).toEqual([]);
    const all = (await api.call('GET', '/alert-rules', { token: admin.token })).body.items;
    expect(all.map((rule: { id: number }) => rule.id)).toContain(id);
    const { status } = await api.call('PATCH', `/alert-rules/${id}`, { token: admin.token, body: change });
    expect(status).toBe(200);
  });

  it('name only robots that their owner may see', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [mine, theirs] = [await api.pairedRobot(owner), await api.pairedRobot(stranger)];
    const create = (token: string, robots: number[]) =>
      api.call('POST', '/alert-rules', { token, body: body({ scope: { robots } }) });
    expect((await create(owner.token, [mine.id, theirs.id])).status).toBe(404);
    expect((await create(owner.token, [999_999])).status).toBe(404);
    const { status, body: rule } = await create(owner.token, [mine.id]);
    expect(status).toBe(201);
    expect((await create(admin.token, [mine.id, theirs.id])).status).toBe(201);
    const change = { scope: { robots: [theirs.id] } };
    for (const token of [owner.token, admin.token])
      expect((await api.call('PATCH', `/alert-rules/${rule.id}`, { token, body: change })).status).toBe(404);
    // Given away meanwhile: that does not stand in the way of turning it off.
    const given = { token: admin.token, body: { owner_id: stranger.id } };
    expect((await api.call('PATCH', `/robots/${mine.id}`, given)).status).toBe(200);
    const off = { token: owner.token, body: { enabled: false } };
    expect((await api.call('PATCH', `/alert-rules/${rule.id}`, off)).status).toBe(200);
  });

  it('take no channels that are not the owner’s', async () => {
    const owner = await api.person();
    const reply = await api.call('POST', '/alert-rules', { token: owner.token, body: body({ channels: [999_999] }) });
    expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
  });

  it('of a reading key can be read only', async () => {
    const owner = await api.person();
    const made = await api.call('POST', '/api-keys', { token: owner.token, body: { name: 'k', scope: 'read' } });
    const token = made.body.key;
    expect((await api.call('POST', '/alert-rules', { token, body: body() })).status).toBe(403);
    expect((await api.call('GET', '/alert-rules', { token })).status).toBe(200);
  });

  it('are refused when they make no sense, in words about what is wrong', async () => {
    const { token } = await api.person();
    const refusal = async (more: object) => {
      const reply = await api.call('POST', '/alert-rules', { token, body: body(more) });
      return reply.status === 400 ? reply.body.detail : reply.status;
    };
    const condition = (change: object) => refusal({ condition: { ...hot, ...change } });
    expect(await refusal({ condition: { ...offline, surprise: 1 } })).toContain('unknown member: "surprise"');
    expect(await refusal({ condition: { kind: 'log', level: ',,', count: 1, window_s: 60 } })).toContain(
      'condition.level',
    );
    expect(await refusal({ condition: { kind: 'offline' } })).toContain("must have required property 'after_s'");
    expect(await refusal({ condition: { kind: 'unheard' } })).toContain('kind');
    expect(await refusal({ scope: {} })).toContain('exactly one');
    expect(await refusal({ scope: { all: true, labels: { site: 'lab' } } })).toContain('exactly one');
    expect(await refusal({ scope: { all: false } })).toContain('all');
    expect(await condition({ window_s: 86_401 })).toContain('window_s');
    expect(await condition({ window_s: 29 })).toContain('window_s');
    expect(await refusal({ for_s: 86_401 })).toContain('for_s');
    expect(await refusal({ severity: 'fatal' })).toContain('severity');
    expect(await condition({ value: undefined })).toContain('condition.value');
    expect(await condition({ value: 'on' })).toContain('fn "last"');
    expect(await condition({ value: true, fn: 'last', op: '>' })).toContain('op "==" or "!="');
    expect(await condition({ clear_value: 71 })).toContain('clear_value');
    expect(await condition({ op: '<', clear_value: 69 })).toContain('clear_value');
    expect(await condition({ op: '==', clear_value: 1 })).toContain('clear_value');
    expect(await condition({ op: 'changed' })).toContain('changed');
    expect(await condition({ op: 'changed', fn: 'last', value: undefined })).toBe(201);
    expect(await condition({ value: 'on', fn: 'last', op: '!=' })).toBe(201);
    expect(await condition({ clear_value: 65 })).toBe(201);
  });

  it('are 200 for each person at most, however they are created', async () => {
    const { token } = await api.person();
    const create = () => api.call('POST', '/alert-rules', { token, body: body() }).then(({ status }) => status);
    for (let i = 0; i < 190; i += 10) await Promise.all(Array.from({ length: 10 }, create));
    const last = await Promise.all(Array.from({ length: 20 }, create));
    expect(last.filter((status) => status === 201)).toHaveLength(10);
    expect((await api.call('GET', '/alert-rules?limit=1000', { token })).body.items).toHaveLength(200);
  });

  it('are suggested, and can be taken as they are', async () => {
    const { token } = await api.person();
    const { items } = (await api.call('GET', '/alert-rules/suggestions', { token })).body;
    const hot = items.find(({ key }: { key: string }) => key === 'hot');
    expect(hot.condition).toMatchObject({ measurement: 'temp', field: 'temp', op: '>=', value: 80, clear_value: 76 });
    for (const { key, ...rest } of items) {
      const reply = await api.call('POST', '/alert-rules', { token, body: body({ ...rest, name: key }) });
      expect([key, reply.status]).toEqual([key, 201]);
      expect(reply.body.condition).toEqual(rest.condition);
    }
  });
});
