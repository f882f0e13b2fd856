import { describe, expect, it } from 'vitest';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();

interface Schema {
  anyOf?: Schema[];
  type?: string;
  required?: string[];
  additionalProperties?: boolean;
}
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const SAMPLES: Record<string, unknown> = {
  email: 'sample@lab.example',
  name: 'Sample',
  role: 'user',
  password: 'correct horse battery',
  current_password: 'correct horse battery',
  new_password: 'an entirely new one',
  token: 'unknown',
  hostname: 'orange',
  code: '13572468',
  scope: 'read',
  kind: 'ntfy',
  settings: { url: 'https://ntfy.example', topic: 'robots' },
  condition: { kind: 'offline', after_s: 300 },
  challenge: 'unknown',
  credential: {
    ...{ id: 'AA', rawId: 'AA', type: 'public-key', clientExtensionResults: {} },
    response: { clientDataJSON: 'AA', attestationObject: 'AA', authenticatorData: 'AA', signature: 'AA' },
  },
};

/** Every operation in openapi.json that takes JSON, with its body's schema. */
async function callsWithBody() {
  const { paths } = (await api.call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      const object = schema?.anyOf?.find(({ type }) => type === 'object') ?? schema;
      const id = path.includes('/passkeys/') ? '0d9f7a3e-6a55-4c1e-9a53-0e6f0c8b7d21' : '1';
      const url = path.replace('/api', '').replace('{id}', id).replace('{code}', '13572468');
      return object
        ? [{ call: `${method.toUpperCase()} ${path}`, method: method.toUpperCase() as 'POST', url, object }]
        : [];
    }),
  );
}

describe('a body', () => {
  it('with an unknown member is refused by every operation', async () => {
    const { token } = await api.person('admin');
    const calls = await callsWithBody();
    expect(calls.length).toBeGreaterThan(9);
    for (const { call, method, url, object } of calls.filter(({ call }) => call !== 'POST /api/pair')) {
      expect(object.additionalProperties, call).toBe(false);
      const body = Object.fromEntries((object.required ?? []).map((name) => [name, SAMPLES[name]]));
      const reply = await api.call(method, url, { token, body: { ...body, surprise: 1 } });
      expect([reply.status, reply.body.code, reply.body.detail], call).toEqual([
        400,
        'validation_failed',
        'The body has an unknown member: "surprise".',
      ]);
    }
  });

  it('of a pairing request may have unknown members', async () => {
    const body = { hostname: 'orange', code: '13572468', serial: 'A1', board: { maker: 'unknown' } };
    expect((await api.call('POST', '/pair', { body })).status).toBe(201);
  });
});

describe('a request', () => {
  it('with a prototype in it is refused', async () => {
    const { token } = await api.person();
    const headers = { 'content-type': 'application/json' };
    for (const body of [
      '{"name":"X","__proto__":{"role":"admin"}}',
      '{"name":"X","constructor":{"prototype":{"x":1}}}',
    ])
      expect((await api.call('PATCH', '/auth/me', { token, headers, body })).status, body).toBe(400);
    expect({}).not.toHaveProperty('x');
  });

  it('with a parameter twice is refused where one is expected', async () => {
    const { token } = await api.person('admin');
    for (const url of ['/users?limit=1&limit=2', '/users?q=a&q=b', '/audit?actor_id=1&actor_id=2'])
      expect((await api.call('GET', url, { token })).status, url).toBe(400);
  });

  it('of another method than the route’s, TRACE included, does not exist', async () => {
    const { token } = await api.person('admin');
    for (const method of ['TRACE', 'DELETE', 'PUT'] as const)
      for (const url of ['/health', '/audit', '/metrics'])
        expect((await api.call(method as 'PUT', url, { token })).status, `${method} ${url}`).toBe(404);
  });
});

describe('a change', () => {
  const users = () => api.deps().db.selectFrom('users').selectAll().orderBy('id').execute();
  const robots = () => api.deps().db.selectFrom('robots').selectAll().orderBy('id').execute();
  const refused = [
    { id: 1 },
    { email: 'other@lab.example' },
    { hashed_password: 'x' },
    { created_at: '2030-01-01T00:00:00Z' },
    { nonsense: true },
  ];

  it('of one’s own account may be of the name only', async () => {
    const user = await api.person();
    const before = await users();
    for (const body of [...refused, { role: 'admin' }, { is_active: false }, { name: 'X', role: 'admin' }])
      expect((await api.call('PATCH', '/auth/me', { token: user.token, body })).status, JSON.stringify(body)).toBe(400);
    expect(await users()).toEqual(before);
    const { status, body } = await api.call('PATCH', '/auth/me', { token: user.token, body: { name: 'Renamed' } });
    expect([status, body.name, body.role]).toEqual([200, 'Renamed', 'user']);
  });

  it('of a user may be of name, role and whether active', async () => {
    const [admin, user] = [await api.person('admin'), await api.person()];
    const before = await users();
    for (const body of refused)
      expect((await api.call('PATCH', `/users/${user.id}`, { token: admin.token, body })).status).toBe(400);
    const allowed = { name: 'Renamed', role: 'admin', is_active: false };
    expect((await api.call('PATCH', `/users/${user.id}`, { token: user.token, body: allowed })).status).toBe(403);
    expect(await users()).toEqual(before);
    const { body } = await api.call('PATCH', `/users/${user.id}`, { token: admin.token, body: allowed });
    expect(body).toMatchObject(allowed);
    const trail = await api.call('GET', `/audit?target_kind=user&target_id=${user.id}`, { token: admin.token });
    expect(trail.body.items[0]).toMatchObject({ action: 'user.changed', details: allowed });
  });

  it('of a robot may be of name, status and owner', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const { id } = await api.pairedRobot(owner, 'mine');
    const before = await robots();
    const change = (person: Person, body: object) =>
      api.call('PATCH', `/robots/${id}`, { token: person.token, body }).then(({ status }) => status);
    const more = [
      { influxdb_token: 'x' },
      { last_seen_at: '2030-01-01T00:00:00Z' },
      { error_reason: 'x' },
      { hostname: 'x' },
    ];
    for (const body of [...refused, ...more]) {
      expect(await change(owner, body), JSON.stringify(body)).toBe(400);
      expect(await change(admin, body), JSON.stringify(body)).toBe(400);
    }
    // Other users' robots do not exist for them, whatever the change.
    for (const body of [{ name: 'theirs' }, { status: 'inactive' }, { owner_id: stranger.id }])
      expect(await change(stranger, body), JSON.stringify(body)).toBe(404);
    expect(await change(owner, { owner_id: stranger.id })).toBe(403);
    expect(await robots()).toEqual(before);
    expect(await change(owner, { name: 'renamed' })).toBe(200);
    const trail = await api.call('GET', `/audit?target_kind=robot&target_id=${id}`, { token: admin.token });
    expect(trail.body.items[0]).toMatchObject({ action: 'robot.changed', details: { name: 'renamed' } });
  });
});
