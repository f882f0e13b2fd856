import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { rowsOf } from './answers.ts';
import { CANARY, useGatewayLab } from './gateway-lab.ts';

const lab = useGatewayLab({ ROBOT_OFFLINE_AFTER: '3600' });
const { api, people, robots } = lab;
const ODD = 'odd "name", 100% ä\\n $x \'q\'';

const ask = async (person: typeof people.left, query: string) => {
  const { status, text } = await lab.ask(person, query);
  expect(status, text).toBe(200);
  return rowsOf(text);
};
const dayOf = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  const { left, second, right } = robots;
  const patch = (robot: { id: number }, body: object, person = people.left) =>
    api.call('PATCH', `/robots/${robot.id}`, { token: person.token, body });
  expect((await patch(left, { name: ODD, labels: { site: 'lab', a: 'b,c' } })).status).toBe(200);
  expect((await patch(second, { status: 'inactive' })).status).toBe(200);
  const hour = Math.floor(Date.now() / 3_600_000) - 48;
  const all = [left, second, right].map(({ id }) => id);
  await sql`update robots set created_at = now() - interval '10 days', first_write_at = now() - interval '10 days'`.execute(
    api.deps().db,
  );
  await sql`insert into robot_activity (robot_id, hour, online_s, reports)
    select id, ${hour}::int, 1800, 7 from unnest(${all}::int[]) id`.execute(api.deps().db);
  await sql`insert into robot_presence (robot_id, seen_at) select id, now() from unnest(${all}::int[]) id
    on conflict (robot_id) do update set seen_at = now()`.execute(api.deps().db);
});

it('fleet() has the caller’s robots, typed, whatever their names', async () => {
  const fleet = await ask(people.left, 'fleet()');
  expect(fleet).toHaveLength(2);
  expect(fleet[0]).toMatchObject({
    ...{ robot_id: String(robots.left.id), robot: ODD, labels: 'a: b,c, site: lab', status: 'active' },
    ...{ online: 'true', hostname: 'orange', architecture: 'arm64', owner: 'Person 1' },
  });
  expect(fleet[1]).toMatchObject({ robot_id: String(robots.second.id), status: 'inactive' });
  const hours =
    'fleet() |> filter(fn: (r) => r.online and r.last_seen > 2020-01-01T00:00:00Z and r.labels =~ /site: lab/)';
  expect((await ask(people.left, hours)).map(({ robot_id }) => robot_id)).toEqual([String(robots.left.id)]);
  expect(await ask(people.nobody, 'fleet()')).toEqual([]);
  expect(JSON.stringify(await ask(people.admin, 'fleet()'))).toContain(CANARY);
});

it('fleet() joins with measurements', async () => {
  const query = `import "join"
    now = from(bucket: "robots") |> range(start: -1h) |> filter(fn: (r) => r._measurement == "mem") |> last() |> group()
    join.inner(left: fleet() |> group(), right: now, on: (l, r) => l.robot_id == r.robot_id, as: (l, r) => ({l with memory: r._value}))`;
  expect((await ask(people.left, query)).map(({ robot_id, memory }) => [robot_id, memory])).toEqual([
    [String(robots.left.id), '1.5'],
    [String(robots.second.id), '1.5'],
  ]);
});

it('robotDays() has the days of the caller’s robots', async () => {
  const days = await ask(people.left, 'robotDays(start: -5d)');
  expect(new Set(days.map(({ robot_id }) => robot_id))).toEqual(
    new Set([robots.left, robots.second].map(({ id }) => `${id}`)),
  );
  expect(days.filter(({ robot_id }) => robot_id === `${robots.left.id}`)).toHaveLength(6);
  const active = days.find(({ _time, reports }) => _time?.startsWith(dayOf(2)) && Number(reports) > 0);
  expect(active).toMatchObject({ robot: ODD, owner: 'Person 1', reports: '7', cpu_mean: '' });
  expect(Number(active?.online_share)).toBeGreaterThan(0);
  const period = `robotDays(start: ${dayOf(3)}T00:00:00Z, stop: ${dayOf(2)}T00:00:00Z)`;
  const grouped = `${period} |> group(columns: ["robot_id"]) |> sum(column: "reports")`;
  expect((await ask(people.left, grouped)).map(({ reports }) => reports)).toEqual(['7', '7']);
  expect(await ask(people.nobody, 'robotDays(start: -5d)')).toEqual([]);
  const both = 'robotDays(start: -5d) |> yield(name: "a")\nrobotDays(start: -1d) |> yield(name: "b")';
  expect((await ask(people.left, both)).length).toBe(12 + 4);
});

it.each(['robotDays()', 'robotDays(start: -1d, robot: 1)', 'x = robotDays\nx(start: -1d)', 'robotDays(start: "x")'])(
  '%s is a mistake that is explained',
  async (query) => {
    const { status, text } = await lab.ask(people.left, query);
    expect([status, JSON.parse(text).message]).toEqual([400, expect.stringContaining('robotDays(start: -30d)')]);
  },
);
