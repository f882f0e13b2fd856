import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { rollUpMarked } from '../support/roll-up.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi({ ROLLUP_DELAY: '10' });
const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;

const rollUp = () => rollUpMarked(api.deps());

it('tells what the days were like, of a robot and of all that one may see', async () => {
  const { db } = api.deps();
  const [owner, stranger] = [await api.person(), await api.person()];
  const [a, b] = [await api.pairedRobot(owner, 'a'), await api.pairedRobot(owner, 'b')];
  await sql`update robots set created_at = now() - interval '20 days'`.execute(db);
  const lines = (day: number, hot: number) => {
    const at = (hour: number) => today - day * DAY_MS + hour * 3_600_000;
    return [
      `cpu,cpu=cpu-total usage_idle=80 ${at(1)}`,
      `cpu,cpu=cpu-total usage_idle=40 ${at(5)}`,
      `cpu,cpu=cpu0 usage_idle=1 ${at(5)}`,
      `mem used_percent=${50 + day} ${at(2)}`,
      `temp,sensor=soc temp=${hot} ${at(3)}`,
      `disk,path=/ used_percent=${90 - 2 * day} ${at(4)}`,
      `disk,path=/data used_percent=20 ${at(4)}`,
      `net,interface=eth0 bytes_sent=${1000 * (10 - day)}i ${at(6)}`,
      `net,interface=eth0 bytes_sent=${1000 * (10 - day) + 500}i ${at(7)}`,
      `syslog level="ERROR",message="no" ${at(8)}`,
      `syslog level="info",message="yes" ${at(8)}`,
    ].join('\n');
  };
  for (const day of [1, 2, 3]) await api.report(a.token, lines(day, 60 + day), {}, '?precision=ms');
  await api.report(b.token, lines(2, 90), {}, '?precision=ms');
  await rollUp();
  await sql`update robot_activity set online_s = 1800 where robot_id = ${a.id}`.execute(db);

  const range = `from=${new Date(today - 3 * DAY_MS).toISOString()}&to=${new Date(today).toISOString()}`;
  const get = async (path: string, token = owner.token) => api.call('GET', `${path}?${range}`, { token });
  const { body } = await get(`/robots/${a.id}/summary`);
  const dayOf = (day: number) => new Date(today - day * DAY_MS).toISOString().slice(0, 10);
  expect(body.days.map(({ day }: { day: string }) => day)).toEqual([dayOf(3), dayOf(2), dayOf(1)]);
  expect(body.days[2]).toMatchObject({
    ...{ cpu_mean: 40, cpu_max: 60, memory_max: 51, temperature_max: 61, bytes_sent: 1000, error_logs: 1 },
  });
  // Eight hours of the day had data, each half an hour online.
  expect(body.days[2].online_share).toBeCloseTo(4 / 24, 3);
  expect(body.days[2].disk).toMatchObject([
    { path: '/', used_percent: 88 },
    { path: '/data', used_percent: 20, days_to_full: null },
  ]);
  expect(body.days[2].disk[0].days_to_full).toBeCloseTo(6, 3);
  expect(body.worst_hours.temperature).toMatchObject({
    ...{ value: 63, hour: new Date(today - 3 * DAY_MS + 3 * 3_600_000).toISOString(), robot: 'a' },
  });

  const fleet = (await get('/fleet/summary')).body;
  expect(fleet.days[1]).toMatchObject({ temperature_max: 90, error_logs: 2 });
  expect(fleet.worst_hours.temperature).toMatchObject({ value: 90, robot: 'b' });
  expect((await get(`/robots/${a.id}/summary`, stranger.token)).status).toBe(404);
  expect((await get('/fleet/summary', stranger.token)).body).toMatchObject({ online_share: null, days: [] });
  expect((await api.call('GET', '/fleet/summary')).status).toBe(401);
});

it('shows disks of all robots, however many one of them has', async () => {
  const owner = await api.person();
  const [many, one] = [await api.pairedRobot(owner, 'many'), await api.pairedRobot(owner, 'one')];
  const at = today - DAY_MS;
  const disks = Array.from({ length: 60 }, (_, i) => `disk,path=/d${i} used_percent=99 ${at}`);
  await api.report(many.token, disks.join('\n'), {}, '?precision=ms');
  await api.report(one.token, `disk,path=/ used_percent=50 ${at}`, {}, '?precision=ms');
  await rollUp();
  const get = async (path: string) => (await api.call('GET', path, { token: owner.token })).body.days.at(-1).disk;
  const robots = (await get('/fleet/summary')).map(({ robot }: { robot: string }) => robot);
  expect(robots.sort()).toEqual(['many', 'many', 'many', 'one']);
  expect(await get(`/robots/${many.id}/summary`)).toHaveLength(20);
});

it('says nothing secret in its views', async () => {
  const { rows } = await sql<{ column_name: string }>`
    select distinct column_name from information_schema.columns
    where table_name in ('robot_hours', 'robot_days', 'robot_disks', 'fleet_days', 'robot_states')`.execute(
    api.deps().db,
  );
  const names = rows.map(({ column_name }) => column_name);
  expect(names).toContain('online_share');
  expect(names.filter((name) => /token|password|hash|secret|email/.test(name))).toEqual([]);
});

it('is answered for everybody, whatever numbers one robot sends', async () => {
  const [owner, hostile] = [await api.person(), await api.person()];
  const admin = await api.person('admin');
  const [calm, absurd] = [await api.pairedRobot(owner), await api.pairedRobot(hostile)];
  const hour = (ago: number) => Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000;
  await api.report(
    calm.token,
    `cpu usage_idle=50 ${hour(5)}\ndisk,path=/ used_percent=40 ${hour(5)}`,
    {},
    '?precision=ms',
  );
  const lines = [
    `disk,path=/ used_percent=-1.7e308 ${hour(29)}`,
    `disk,path=/ used_percent=1.7e308 ${hour(5)}`,
    `cpu usage_idle=-1.7e308 ${hour(5)}`,
    `mem used_percent=1.7e308 ${hour(5)}`,
    `temp temp=1.7e308 ${hour(5)}`,
    `temp temp=-1.7e308 ${hour(29)}`,
  ];
  expect((await api.report(absurd.token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
  await rollUp();
  for (const [path, { token }] of [
    [`/robots/${calm.id}/summary`, owner],
    ['/fleet/summary', owner],
    [`/robots/${absurd.id}/summary`, hostile],
    ['/fleet/summary', admin],
  ] as const)
    expect((await api.call('GET', path, { token })).status, path).toBe(200);
  const { db } = api.deps();
  for (const view of ['robot_hours', 'robot_days', 'robot_disks', 'fleet_days', 'robot_states'])
    await sql`select * from ${sql.table(view)}`.execute(db);
});

it('finds the worst hour among all hours, and of equal ones the earliest, of the first robot by name', async () => {
  const owner = await api.person();
  const robots = [];
  for (const name of ['z', 'b', 'a']) robots.push(await api.pairedRobot(owner, name));
  await sql`update robots set created_at = now() - interval '30 days'`.execute(api.deps().db);
  const at = (day: number, hour: number) => today - day * DAY_MS + hour * 3_600_000;
  const busy = (time: number, idle: number) => `cpu,cpu=cpu-total usage_idle=${idle} ${time}`;
  for (const { token } of robots) {
    // Each day has a spike of a moment in a calm hour. The busiest hours have none.
    const spikes = Array.from({ length: 20 }, (_, day) => [
      ...[busy(at(day + 1, 9), 0), busy(at(day + 1, 9) + 60_000, 100), busy(at(day + 1, 9) + 120_000, 100)],
    ]).flat();
    const hot = [3, 7, 12].map((day) => `temp,sensor=soc temp=80 ${at(day, 5)}`);
    await api.report(token, [...spikes, ...hot].join('\n'), {}, '?precision=ms');
  }
  for (const { token } of robots.slice(0, 2))
    await api.report(token, [busy(at(21, 4), 10), busy(at(22, 6), 10)].join('\n'), {}, '?precision=ms');
  await rollUp();
  const range = `from=${new Date(today - 25 * DAY_MS).toISOString()}&to=${new Date(today).toISOString()}`;
  const { body } = await api.call('GET', `/fleet/summary?${range}`, { token: owner.token });
  expect(body.worst_hours).toEqual({
    cpu: { robot_id: robots[1]?.id, robot: 'b', hour: new Date(at(22, 6)).toISOString(), value: 90 },
    memory: null,
    temperature: { robot_id: robots[2]?.id, robot: 'a', hour: new Date(at(12, 5)).toISOString(), value: 80 },
  });
});
