import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestInflux, type TestInflux } from '../../apps/api/test/support/influx.ts';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import { fluxDataSource, provisioned } from './as-grafana/data-source.ts';
import { ALL, type Variables } from './as-grafana/interpolate.ts';
import { openDashboard, rows, tableOf, unlessRefused } from './as-grafana/open-dashboard.ts';
import { sqlDataSource } from './as-grafana/sql-data-source.ts';
import { GAP, reports, STEPS, timeOf } from './robot-reports.ts';

const RANGE = { from: timeOf(-6), to: Date.now() + 3_600_000, intervalMs: 10_000 };
const SKEW_MS = -7_200_000;

let influx: TestInflux;
let postgres: Awaited<ReturnType<typeof startWithRoles>>;
const api = useTestApi(async () => {
  [influx, postgres] = await Promise.all([startTestInflux(), startWithRoles()]);
  return { ...influx.settings, DATABASE_URL: postgres.databaseUrl };
});
afterAll(async () => {
  await influx?.stop();
  await postgres?.stop();
});

const source = (uid: string) => {
  const made = [...provisioned('influxdb.yaml', influx.settings), ...provisioned('postgresql.yaml', postgres.grafana)];
  const found = made.find((one) => one.uid === uid) as (typeof made)[number];
  return found.type === 'influxdb' ? fluxDataSource(found) : sqlDataSource(found);
};
const dashboard = openDashboard('robowatch-quality.json', source);
const show = (title: string, chosen: Variables = {}) => dashboard.show(title, { robot: ALL, ...chosen }, RANGE);
const robotsIn = async (title: string, chosen: Variables = {}) =>
  tableOf(await show(title, chosen)).map(({ robot }) => robot);

type Five<T> = [T, T, T, T, T];
let ids: string[];

beforeAll(async () => {
  const { db } = api.deps();
  const owner = await api.person();
  const robots = [];
  for (const name of ['gappy', 'late', 'rejected', 'replaced', 'dropping'])
    robots.push(await api.pairedRobot(owner, name));
  ids = robots.map(({ id }) => String(id));
  const [gappy, late, rejected, replaced, dropping] = robots as Five<(typeof robots)[0]>;
  const report = async ({ token }: { token: string }, lines: string) =>
    expect((await api.report(token, lines, {}, '?precision=us')).status).toBe(204);
  await report(gappy, reports(1));
  // A counter that begins anew between the second and the third report: 5 and 3 more.
  const counts = [2, 7, 0, 3].map((count, i) =>
    [`robowatch_agent dropped_points=${count}i ${timeOf(i)}000`, `system uptime=1i ${timeOf(i)}000`].join('\n'),
  );
  await report(dropping, counts.join('\n'));
  await report(late, `system uptime=1i ${timeOf(0)}000`);
  // It follows reports by a moment, and would undo the following.
  const present = async () => (await sql`select from robot_presence`.execute(db)).rows.length;
  await vi.waitFor(async () => expect(await present()).toBe(3), { timeout: 30_000, interval: 100 });
  await sql`insert into robot_presence (robot_id, seen_at, clock_skew_ms) select id, now() + interval '1 hour', 0 from robots
    on conflict (robot_id) do update set seen_at = excluded.seen_at, clock_skew_ms = 0`.execute(db);
  await sql`update robot_presence set seen_at = now() - interval '1 hour', clock_skew_ms = ${SKEW_MS}
    where robot_id = ${late.id}`.execute(db);
  await sql`update robots set status = 'active'`.execute(db);
  await sql`update robots set status = 'error', error_reason = 'the field m.v is a number' where id = ${rejected.id}`.execute(
    db,
  );
  await sql`update robots set former_token_refused_at = now() where id = ${replaced.id}`.execute(db);
  await postgres.grantViews();
});

describe('every panel', () => {
  it('returns rows of the right shape', async () => {
    expect(dashboard.panels.length).toBeGreaterThan(8);
    for (const { title, type } of dashboard.panels) {
      const frames = await show(title);
      expect(rows(frames), title).toBeGreaterThan(0);
      const types = frames[0]?.fields.map((field) => field.type) ?? [];
      if (type === 'stat') expect(types, title).toEqual(['number']);
      if (type === 'timeseries') expect(types, title).toEqual(['time', 'number']);
      if (type === 'table') {
        const columns = frames[0]?.fields.map((field) => `${field.name} ${field.type}`);
        expect(columns, title).toEqual(expect.arrayContaining(['robot string', 'robot_id string']));
      }
    }
  });

  it('tells which robots are silent, refused, or have a clock that is off', async () => {
    for (const title of ['Silent', 'Clocks off']) expect(tableOf(await show(title)), title).toEqual([{ robots: 1 }]);
    expect(tableOf(await show('Refused'))).toEqual([{ robots: 2 }]);
    expect(await robotsIn('Silent robots')).toEqual(['late']);
    expect(tableOf(await show('Refusals'))).toMatchObject([
      { robot: 'replaced', status: 'active', error_reason: null, refused_at: expect.any(Number) },
      { robot: 'rejected', status: 'error', error_reason: 'the field m.v is a number', refused_at: null },
    ]);
    expect(tableOf(await show('Skewed clocks'))).toMatchObject([{ robot: 'late', clock_skew_ms: SKEW_MS }]);
  });

  it('tells when robots were silent, and how many reported', async () => {
    const [gap, ...more] = tableOf(await show('Gaps', { robot: [ids[0] as string] }));
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ robot: 'gappy', seconds: 10 * (GAP.length + 1), robot_id: ids[0] });
    expect(Date.parse(String(gap?._time))).toBe(timeOf((GAP.at(-1) as number) + 1));
    const counts = new Map(
      tableOf(await show('Robots reporting')).map(({ Time, Value }) => [Date.parse(String(Time)), Value]),
    );
    expect([counts.get(timeOf(0)), counts.get(timeOf(1)), counts.get(timeOf(STEPS - 1))]).toEqual([3, 2, 1]);
    expect(counts.get(timeOf(GAP[0] as number))).toBeUndefined();
  });

  it('tells what was dropped, across new installations', async () => {
    expect(tableOf(await show('Dropped metrics'))).toEqual([{ robot: 'dropping', dropped: 8, robot_id: ids[4] }]);
  });
});

describe('selecting', () => {
  const FLUX = ['Robots reporting', 'Gaps', 'Dropped metrics'];

  it('works for one, several and all', async () => {
    expect((await dashboard.optionsOf('robot', {}, RANGE)).map(({ value }) => value)).toEqual(
      expect.arrayContaining([ids[0], ids[4]]),
    );
    expect(await robotsIn('Gaps', { robot: ids as string[] })).toEqual(['gappy']);
    expect(await robotsIn('Gaps', { robot: ids[4] as string })).toEqual([]);
    expect(await robotsIn('Dropped metrics', { robot: [ids[0] as string, ids[4] as string] })).toEqual(['dropping']);
  });

  it('selects nothing with a manipulated URL', async () => {
    const made = [
      ...['', '.*', '(?s:.*)', ids.join('|'), '/ or true or r.robot_id =~ /', '\\', '"', '\n', '%', '|'],
      ...[`\${robot}`, `\${robot:raw}`, '$robot', '[[robot]]', '$__interval', 'v.defaultBucket'],
    ];
    for (const value of made)
      for (const robot of [value, [value, 'no such']])
        for (const title of FLUX)
          expect(rows(await unlessRefused(show(title, { robot }))), `${title}: ${value}`).toBe(0);
  });

  it('has a format in every query, because Grafana inserts others unescaped', () => {
    for (const query of dashboard.queries)
      for (const reference of query.match(/\$\{?\w+[^}\s]*\}?|\[\[.*?\]\]/g) ?? [])
        expect(reference).toMatch(/^\$\{robot:regex\}$|^\$__timeFilter\(v\.refused_at\)\)$/);
  });
});
