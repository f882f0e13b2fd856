import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { CANARY, columnOf, DIALECT, SECRET, useGatewayLab } from './gateway-lab.ts';

const lab = useGatewayLab({ READ_TIMEOUT: '5' });
const { api, ask, column, people, robots } = lab;
const CPU = 'from(bucket: "robots") |> range(start: -1h) |> filter(fn: (r) => r._measurement == "cpu")';
const idsOf = async (person: typeof people.left, query = CPU) =>
  [...new Set(await column(person, query, 'robot_id'))].sort();
const ids = (...of: { id: number }[]) => of.map(({ id }) => String(id)).sort();

describe('identity', () => {
  it('takes the secret and the token', async () => {
    expect((await ask(people.left, CPU)).status).toBe(200);
    for (const headers of [{ 'x-robowatch-gateway': '' }, { 'x-robowatch-gateway': `${SECRET}x` }]) {
      const { status, text } = await ask(people.left, CPU, headers);
      expect([status, JSON.parse(text).code]).toEqual([401, 'unauthorized']);
    }
    for (const authorization of [
      '',
      'Bearer x.y.z',
      `Token ${people.left.access}`,
      `Bearer ${people.left.token}`,
      `Bearer ${SECRET}`,
    ])
      expect((await ask(people.left, CPU, { authorization })).status, authorization).toBe(401);
    expect((await ask(undefined, CPU)).status).toBe(401);
  });

  it('of a deactivated user, and of an ended session, ends with the next query', async () => {
    const person = await api.person();
    expect((await ask(person, 'buckets()')).status).toBe(200);
    await api.call('PATCH', `/users/${person.id}`, { token: people.admin.token, body: { is_active: false } });
    expect((await ask(person, 'buckets()')).status).toBe(401);
    const other = await api.person();
    expect((await ask(other, 'buckets()')).status).toBe(200);
    await api.call('POST', '/auth/logout', { token: other.token });
    expect((await ask(other, 'buckets()')).status).toBe(401);
  });

  it('is of those who opened Grafana, not another app', async () => {
    const person = await api.person();
    const { tokens } = await api.open('superset', person.browser);
    expect((await ask({ ...person, access: tokens.access_token }, 'buckets()')).status).toBe(401);
    const key = await api.call('POST', '/api-keys', { token: person.token, body: { name: 'k', scope: 'read' } });
    expect((await ask({ ...person, access: key.body.key }, 'buckets()')).status).toBe(401);
  });

  it('answers with data that no browser shows as a page', async () => {
    for (const secret of [SECRET, 'wrong']) {
      const { headers: got } = await ask(people.left, CPU, { 'x-robowatch-gateway': secret });
      expect(got).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining('sandbox'),
      });
    }
  });

  it('has no other address', async () => {
    for (const path of [
      '/grafana/api/v2/query/ast',
      '/grafana/api/v2/write',
      '/grafana/api/v2/buckets',
      '/grafana/health',
    ])
      expect((await ask(people.left, CPU, {}, path)).status, path).toBe(404);
    const url = '/grafana/api/v2/query';
    for (const method of ['GET', 'PUT', 'DELETE'] as const)
      expect((await api.app().inject({ method, url, headers: { 'x-robowatch-gateway': SECRET } })).statusCode).toBe(
        404,
      );
  });
});

describe('whose robots', () => {
  it('are own ones for users, all for administrators, none for who has none', async () => {
    const { left, second, right } = robots;
    expect(await idsOf(people.left)).toEqual(ids(left, second));
    expect(await idsOf(people.right)).toEqual(ids(right));
    expect(await idsOf(people.admin)).toEqual(ids(left, second, right));
    expect(await idsOf(people.nobody)).toEqual([]);
  });

  it('stay the same whatever the query itself asks for', async () => {
    const of = (condition: string) => `from(bucket: "robots") |> range(start: -1h) |> filter(fn: (r) => ${condition})`;
    const { left, right, second } = robots;
    expect(await idsOf(people.left, of(`r.robot_id == "${left.id}"`))).toEqual(ids(left));
    expect(await idsOf(people.left, of(`r.robot_id == "${right.id}"`))).toEqual([]);
    expect(await idsOf(people.left, of(`r.robot_id =~ /^(${left.id}|${right.id})$/`))).toEqual(ids(left));
    expect(await idsOf(people.left, of(`r.robot_id == "${right.id}" or r._measurement == "cpu"`))).toEqual(
      ids(left, second),
    );
    expect(await idsOf(people.left, of(`r.robot_id == "${left.id}" or r.robot_id == "${second.id}"`))).toEqual(
      ids(left, second),
    );
    // One read for a robot, one for all.
    const both = `${of(`r.robot_id == "${left.id}"`)} |> yield(name: "a")\n${CPU} |> yield(name: "b")`;
    expect(await idsOf(people.left, both)).toEqual(ids(left, second));
  });

  it('change with the next query', async () => {
    const [from, to] = [await api.person(), await api.person()];
    const robot = await api.pairedRobot(from);
    await lab.report(robot, `cpu usage_idle=1 ${lab.now}`);
    expect(await idsOf(from)).toEqual(ids(robot));
    await sql`update robots set owner_id = ${to.id} where id = ${robot.id}`.execute(api.deps().db);
    expect([await idsOf(from), await idsOf(to)]).toEqual([[], ids(robot)]);
    await api.call('DELETE', `/robots/${robot.id}`, { token: to.token });
    expect(await idsOf(to)).toEqual([]);
  });

  it('are many: the pattern for them, and its complement, have exactly them', async () => {
    const owner = await api.person();
    const first = await api.pairedRobot(owner);
    const insert = (count: number, owner_id: number | null) =>
      sql<{ id: number }>`
      insert into robots (name, hostname, status, owner_id) select 'many', 'many', 'active', ${owner_id}::int
      from generate_series(1, ${count}) returning id`.execute(api.deps().db);
    const { rows: own } = await insert(40, owner.id);
    const { rows: foreign } = await insert(15, null);
    const all = [first, ...own, ...foreign];
    const lines = all.map(({ id }) => `many,robot_id=${id} v=1 ${lab.now}`).join('\n');
    const odd = ['', '0', 'x', '1 ', `${first.id}0`, `0${first.id}`].map(
      (id) => `many${id && `,robot_id=${id.replace(' ', '\\ ')}`} v=2 ${lab.now}`,
    );
    const path = '/api/v2/write?org=robowatch&bucket=robots&precision=ms';
    await lab.operate('POST', path, `${lines}\n${odd.join('\n')}`);
    const many = CPU.replace('"cpu"', '"many"');
    expect(await idsOf(owner, many)).toEqual(ids(first, ...own));
    await insert(200, null);
    expect(await idsOf(owner, many)).toEqual(ids(first, ...own));
  });
});

describe('what users get instead', () => {
  it('buckets() is the one bucket, which is Grafana’s health check', async () => {
    expect(await column(people.left, 'buckets()', 'name')).toEqual(['robots']);
    const { status, text } = await ask(people.left, CPU.replace('robots', 'secret'));
    expect([status, JSON.parse(text).message]).toEqual([
      400,
      expect.stringContaining('The only bucket here is robots'),
    ]);
  });

  it.each(['schema', 'v1'])('%s explores own robots', async (name) => {
    const explore = (call: string) =>
      column(people.left, `import "influxdata/influxdb/${name}"\n${name}.${call}`, '_value').then((all) => all.sort());
    const { left, second, right } = robots;
    expect(await explore('tagValues(bucket: "robots", tag: "robot_id")')).toEqual(ids(left, second));
    const of = (id: number) => `tagValues(bucket: "robots", tag: "robot_id", predicate: (r) => r.robot_id == "${id}")`;
    expect([await explore(of(left.id)), await explore(of(right.id))]).toEqual([ids(left), []]);
    expect(await explore('measurements(bucket: "robots")')).toEqual(['cpu', 'mem', 'syslog', 'system']);
    expect(await explore('measurementTagValues(bucket: "robots", measurement: "cpu", tag: "cpu")')).toEqual([
      'cpu-total',
    ]);
    expect(await explore('measurementFieldKeys(bucket: "robots", measurement: "system", start: -1h)')).toEqual([
      'load1',
      'uptime',
    ]);
    expect(await explore('fieldKeys(bucket: "robots", predicate: (r) => r._measurement == "mem")')).toEqual([
      'used_percent',
    ]);
    expect(await explore('tagKeys(bucket: "robots")')).not.toContain(`${CANARY}_key`);
    expect(await explore('measurementTagKeys(bucket: "robots", measurement: "cpu")')).toContain('cpu');
    const pivoted = await ask(people.left, `import "influxdata/influxdb/${name}"\n${CPU} |> ${name}.fieldsAsCols()`);
    expect(columnOf(pivoted.text, 'usage_idle')).toContain('1.5');
  });

  it('a second range keeps rows that the query has made', async () => {
    const made = `${CPU} |> drop(columns: ["robot_id", "_measurement"]) |> range(start: -1h) |> group() |> count(column: "_value")`;
    expect(Number((await column(people.left, made, '_value'))[0])).toBeGreaterThan(0);
  });

  it.each([
    'start: -1h, stop: 1h',
    'start: 0, stop: 4000000000',
    'start: 2020-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z',
    'start: 2020-01-01T00:00:00Z, stop: now()',
  ])('range and schema take times of every kind: %s', async (period) => {
    const { left, second } = robots;
    for (const filter of ['', ' |> filter(fn: (r) => r.robot_id != "")'])
      expect(await idsOf(people.left, `from(bucket: "robots") |> range(${period})${filter}`)).toEqual(
        ids(left, second),
      );
    const tags = `import "influxdata/influxdb/schema"\nschema.tagValues(bucket: "robots", tag: "robot_id", ${period})`;
    expect((await column(people.left, tags, '_value')).sort()).toEqual(ids(left, second));
    // Different kinds in one query.
    const both = `${CPU} |> yield(name: "a")\nfrom(bucket: "robots") |> range(${period}) |> yield(name: "b")`;
    expect(await idsOf(people.left, both)).toEqual(ids(left, second));
  });

  it('time zones, packages that compute, and names of their own work', async () => {
    const query = `import "timezone"\nimport j "join"\nimport "strings"
      option location = timezone.location(name: "Europe/Moscow")
      max = ${CPU} |> aggregateWindow(every: 1d, fn: max)
      f = (tables=<-, from) => tables |> map(fn: (r) => ({r with name: strings.toUpper(v: r.robot), at: from}))
      max |> f(from: "here")`;
    expect(new Set(await column(people.left, query, 'name'))).toEqual(new Set(['LEFT ARM', 'LEFT LEG']));
  });
});

describe('refused', () => {
  it('is what is not known, with InfluxDB’s kind of error, and it is in the audit log', async () => {
    for (const query of [
      'import "sql"\nbuckets()',
      'cardinality(bucket: "robots", start: -1h)',
      `${CPU} |> to(bucket: "robots")`,
    ]) {
      const { status, text } = await ask(people.left, query, { 'x-grafana-user': 'somebody' });
      expect([status, JSON.parse(text)]).toEqual([403, { code: 'forbidden', message: expect.any(String) }]);
    }
    const entries = await api.call('GET', '/audit?action=grafana.query_refused', { token: people.admin.token });
    expect(entries.body.items).toContainEqual(
      expect.objectContaining({
        actor_id: people.left.id,
        details: expect.objectContaining({ grafana_user: 'somebody' }),
      }),
    );
  });

  it('is a body with anything else in it', async () => {
    const query = 'buckets()';
    const bad: [object | string, number][] = [
      ...['extern', 'ast', 'params', 'now', 'org', 'bucket', '__proto__x', 'prefer_no_content'].map(
        (name): [object, number] => [{ query, type: 'flux', [name]: {} }, 400],
      ),
      [{ query, type: 'influxql' }, 400],
      [{ query, dialect: { delimiter: 'xx' } }, 400],
      [{ query, dialect: { annotations: ['other'] } }, 400],
      [{ query: [query] }, 400],
      [{ query: '' }, 400],
      [{ query: ' '.repeat(65_537) }, 400],
      [{ query: ' '.repeat(300_000) }, 413],
    ];
    for (const [body, expected] of bad) {
      const { status, text } = await ask(people.left, body);
      expect(status, JSON.stringify(body).slice(0, 100)).toBe(expected);
      expect(Object.keys(JSON.parse(text)).sort()).toEqual(['code', 'message']);
    }
    const send = async (payload: string | Buffer, headers = {}) =>
      (
        await api.app().inject({
          method: 'POST',
          url: '/grafana/api/v2/query',
          headers: {
            'content-type': 'application/json',
            'x-robowatch-gateway': SECRET,
            authorization: `Bearer ${people.left.access}`,
            ...headers,
          },
          payload,
        })
      ).statusCode;
    expect(await send('{"query":"buckets()"}')).toBe(200);
    expect(await send('{"query":"buckets()","query":"buckets()"}')).toBe(400);
    expect(await send('{"query":"buckets()","qu\\u0065ry":"buckets()"}')).toBe(400);
    expect(await send('{"query":"buckets()","dialect":{"header":true,"header":false}}')).toBe(400);
    expect(await send('{"query":"a: \\"b\\": c","type":"flux"}')).toBe(400);
    expect(await send('nonsense')).toBe(400);
    expect(await send('buckets()', { 'content-type': 'application/vnd.flux' })).toBe(415);
    expect(await send(gzipSync('{"query":"buckets()"}'), { 'content-encoding': 'gzip' })).toBe(415);
  });

  it('by InfluxDB, with its own error', async () => {
    for (const query of [
      'from(bucket: "robots") |>',
      'strings.x',
      CPU.replace('start', 'begin'),
      'from(bucket: "robots")',
    ]) {
      const { status, text } = await ask(people.left, query);
      const direct = await lab.straight(query);
      expect([400, 403]).toContain(status);
      expect(direct.status).toBe(400);
      expect(JSON.parse(text).code).toMatch(/invalid|forbidden/);
    }
  });
});

describe('without its neighbours', () => {
  it('nothing runs while the robots cannot be read', async () => {
    const { db } = api.deps();
    const { status, text } = await db.transaction().execute(async (tx) => {
      await sql`lock table robots in access exclusive mode`.execute(tx);
      return ask(people.left, CPU);
    });
    expect([status, JSON.parse(text).code]).toEqual([503, 'unavailable']);
  });

  it('503 while InfluxDB does not answer', async () => {
    await lab.influx().pause();
    const asked = ask(people.left, CPU);
    const { status } = await asked.finally(() => lab.influx().resume());
    expect(status).toBe(503);
    expect((await ask(people.left, { query: CPU, type: 'flux', dialect: DIALECT })).status).toBe(200);
  }, 60_000);
});
