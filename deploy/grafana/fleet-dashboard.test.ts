import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollUpMarked } from '../../apps/api/test/support/roll-up.ts';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import type { DataFrame } from './as-grafana/data-frames.ts';
import { provisioned } from './as-grafana/data-source.ts';
import { ALL, type Variables } from './as-grafana/interpolate.ts';
import { openDashboard, rows, tableOf, unlessRefused } from './as-grafana/open-dashboard.ts';
import { sqlDataSource } from './as-grafana/sql-data-source.ts';

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const RANGE = { from: today - 7 * DAY_MS, to: today - 1, intervalMs: DAY_MS };
const EVERYTHING = { owner: ALL, architecture: ALL, label: ALL };

let postgres: Awaited<ReturnType<typeof startWithRoles>>;
const api = useTestApi(async () => {
  postgres = await startWithRoles();
  return { DATABASE_URL: postgres.databaseUrl, ROLLUP_DELAY: '10' };
});
afterAll(() => postgres?.stop());

const source = () => {
  const [made] = provisioned('postgresql.yaml', postgres.grafana);
  return sqlDataSource(made as NonNullable<typeof made>);
};
const dashboard = openDashboard('robowatch-fleet.json', source);
const { panels } = dashboard;
const show = (title: string, chosen: Variables = {}) => dashboard.show(title, { ...EVERYTHING, ...chosen }, RANGE);
const optionsOf = (name: string) => dashboard.optionsOf(name, {}, RANGE);
const ask = (text: string) => source().ask(text, {}, RANGE);
const names = async (chosen: Variables) =>
  tableOf(await unlessRefused(show('All robots', chosen))).map(({ robot }) => robot);

const ODD = `a "quoted" 'word' \\ 100% $__all \${owner:raw} 'x', 'y'`;
interface Known {
  id: number;
}
let arm: Known;
let base: Known;
let quiet: Known;
let owners: { id: number }[];

beforeAll(async () => {
  const { db, store, catalog } = api.deps();
  const [one, two] = [await api.person(), await api.person()];
  owners = [one, two];
  const robot = async (owner: typeof one, name: string, labels: Record<string, string>) => {
    const made = await api.pairedRobot(owner, name);
    const reply = await api.call('PATCH', `/robots/${made.id}`, { token: owner.token, body: { labels } });
    expect(reply.status).toBe(200);
    return made;
  };
  const reporting = [
    await robot(one, 'arm', { site: 'Berlin', role: 'arm' }),
    await robot(two, 'base', { site: 'Berlin', odd: ODD }),
  ] as const;
  [arm, base] = reporting;
  quiet = await robot(two, 'quiet', {});
  await sql`update robots set created_at = now() - interval '20 days'`.execute(db);
  await sql`update robots set architecture = null, status = 'error', error_reason = 'no' where id = ${quiet.id}`.execute(
    db,
  );
  for (const [which, { token }] of reporting.entries()) {
    const lines = [1, 2].flatMap((day) => {
      const at = (hour: number) => today - day * DAY_MS + hour * 3_600_000;
      return [
        `cpu,cpu=cpu-total usage_idle=${80 - 10 * which} ${at(1)}`,
        `mem used_percent=${50 + day} ${at(1)}`,
        `temp,sensor=soc temp=${60 + 10 * which + day} ${at(1)}`,
        `disk,path=/ used_percent=${90 - 2 * day} ${at(1)}`,
        `disk,path=/data used_percent=${20 + which} ${at(1)}`,
        `net,interface=eth0 bytes_recv=0i,bytes_sent=${1000 * (10 - day)}i ${at(1)}`,
        `net,interface=eth0 bytes_recv=70i,bytes_sent=${1000 * (10 - day) + 500}i ${at(2)}`,
        `syslog level="error",message="no" ${at(1)}`,
        `syslog level="info",message="yes" ${at(1)}`,
      ];
    });
    expect((await api.report(token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
  }
  await rollUpMarked({ db, store, catalog });
  // Two of the day's hours had data.
  await sql`update robot_activity set online_s = case when robot_id = ${arm.id} then 3600 else 1800 end`.execute(db);
  await postgres.grantViews();
});

describe('the role', () => {
  it('reads the views and nothing else, and writes nothing', async () => {
    const { rows: relations } = await sql<{ name: string; view: boolean }>`
      select quote_ident(relname) as name, relkind = 'v' as view from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')`.execute(api.deps().db);
    const views = relations.filter(({ view }) => view).map(({ name }) => name);
    expect(views.sort()).toEqual(['fleet_days', 'robot_days', 'robot_disks', 'robot_hours', 'robot_states']);
    for (const { name, view } of relations) {
      const answer = ask(`select * from ${name}`);
      if (view) await answer;
      else await expect(answer, name).rejects.toThrow('permission denied');
    }
    for (const statement of [
      'create table mine ()',
      'create temporary table mine ()',
      "copy (select 1) to program 'id'",
    ])
      await expect(ask(statement), statement).rejects.toThrow(/permission denied|read-only/);
    await expect(ask('begin read write; delete from robots')).rejects.toThrow('permission denied');
  });
});

describe('every panel', () => {
  it('returns rows of the right shape', async () => {
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, type } of panels) {
      const frames = await show(title);
      expect(rows(frames), title).toBeGreaterThan(0);
      const types = frames[0]?.fields.map((field) => field.type) ?? [];
      if (type === 'stat') expect(types, title).toEqual(['number']);
      if (type === 'timeseries') {
        expect(types, title).toEqual(['time', ...types.slice(1).map(() => 'number')]);
        const times = frames[0]?.fields[0]?.values as number[];
        expect(times, title).toEqual([7, 6, 5, 4, 3, 2, 1].map((day) => today - day * DAY_MS));
      }
    }
  });

  it('shows the figures of the roll-ups', async () => {
    const only = async (title: string) => tableOf(await show(title))[0];
    expect([await only('Robots'), await only('Rejected')]).toEqual([{ robots: 3 }, { robots: 1 }]);
    expect(await only('Errors')).toEqual({ errors: 4 });
    // Two of 24 hours of the one, one of the other, on two of seven days. The robot that never reported does not count.
    expect((await only('Online'))?.online).toBeCloseTo((1.5 / 24) * (2 / 7), 4);
    const days = async (title: string) =>
      tableOf(await show(title)).map(({ time, ...values }) => Object.values(values as Record<string, number>));
    const online = await days('Online by day');
    for (const [day, [share]] of online.entries()) expect(share).toBeCloseTo(day < 5 ? 0 : 1.5 / 24, 4);
    const silent = <Values>(values: Values) => Array.from({ length: 5 }, () => values);
    expect(await days('Robots by day')).toEqual([...silent([0]), [2], [2]]);
    expect(await days('Log entries by day')).toEqual([...silent([0, 0]), [2, 2], [2, 2]]);
    // A counter has grown since the day before, too.
    expect((await days('Network by day')).at(-1)).toEqual([140, 2000]);
  });

  it('of the worst has the hottest day and the fullest disk first', async () => {
    const hottest = tableOf(await show('Hottest'));
    expect(hottest).toMatchObject([
      { robot: 'base', temperature_max: 72, time: today - 2 * DAY_MS, robot_id: String(base.id) },
      { robot: 'arm', temperature_max: 62, time: today - 2 * DAY_MS, robot_id: String(arm.id) },
    ]);
    const fullest = tableOf(await show('Fullest disks'));
    expect(fullest.map(({ robot, path, used_percent }) => [robot, path, used_percent])).toEqual([
      ['arm', '/', 88],
      ['base', '/', 88],
      ['base', '/data', 21],
      ['arm', '/data', 20],
    ]);
    expect(fullest[0]?.days_to_full).toBeCloseTo(6, 3);
    expect(fullest[3]?.days_to_full).toBeNull();
  });

  it('of robots has all of them, with links to their dashboards', async () => {
    const [frame] = (await show('All robots')) as [DataFrame];
    const types = Object.fromEntries(frame.fields.map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({ robot: 'string', robot_id: 'string', last_seen_at: 'time', online_share: 'number' });
    expect(tableOf([frame])).toMatchObject([
      { robot: 'arm', owner: 'Person 1', architecture: 'arm64', labels: 'role: arm, site: Berlin', status: 'active' },
      {
        robot: 'base',
        owner: 'Person 2',
        cpu_mean: 30,
        memory_max: 52,
        disk_max: 88,
        temperature_max: 72,
        error_logs: 2,
      },
      { robot: 'quiet', architecture: null, labels: null, status: 'error', online_share: null, last_seen_at: null },
    ]);
    for (const title of ['Hottest', 'Fullest disks', 'All robots']) {
      const links = JSON.stringify(panels.find((panel) => panel.title === title));
      expect(links, title).toContain(`/d/robowatch-robot?var-robot_id=\${__data.fields.robot_id}`);
      expect((await show(title))[0]?.fields.map(({ name }) => name)).toContain('robot_id');
    }
  });
});

describe('selecting', () => {
  it('offers what there is', async () => {
    expect(await optionsOf('owner')).toEqual(
      owners.map(({ id }, i) => ({ label: `Person ${i + 1} (${id})`, value: String(id) })),
    );
    expect(await optionsOf('architecture')).toEqual([
      { label: 'arm64', value: 'arm64' },
      { label: 'unknown', value: '' },
    ]);
    const labels = (await optionsOf('label')).map(({ value }) => value);
    expect(labels).toEqual(['', `odd: ${ODD}`, 'role: arm', 'site: Berlin']);
  });

  it('works for one, several and all', async () => {
    const [one, two] = owners.map(({ id }) => String(id)) as [string, string];
    expect(await names({ owner: one })).toEqual(['arm']);
    expect(await names({ owner: [two] })).toEqual(['base', 'quiet']);
    expect(await names({ owner: [one, two] })).toEqual(['arm', 'base', 'quiet']);
    expect(await names({ architecture: [''] })).toEqual(['quiet']);
    expect(await names({ architecture: ['arm64', ''] })).toEqual(['arm', 'base', 'quiet']);
    expect(await names({ label: ['role: arm', `odd: ${ODD}`] })).toEqual(['arm', 'base']);
    expect(await names({ label: [`odd: ${ODD}`] })).toEqual(['base']);
    expect(await names({ label: '' })).toEqual(['quiet']);
    expect(await names({ label: 'site: Berlin', owner: two })).toEqual(['base']);
    expect(tableOf(await show('Errors', { owner: one }))).toEqual([{ errors: 2 }]);
    expect(tableOf(await show('Hottest', { label: 'role: arm' }))).toMatchObject([{ robot: 'arm' }]);
    expect(tableOf(await show('Fullest disks', { label: '' }))).toEqual([]);
  });

  it('selects nothing with a manipulated URL', async () => {
    const id = String(owners[0]?.id);
    const made = [
      ...['.*', '%', '*', "'", "''", '"', '\\', "\\'", `${id}'`, `${id}' or '1'='1`, "'] or true or '' = any(array['"],
      ...[`${id}|1`, `{${id},1}`, `${id} `, `0${id}`, "')) or true --", "'; select 1; --", '$$', '$1'],
      ...['$__timeFrom()', `' || $__timeTo() || '`, `\${owner}`, `\${owner:raw}`, '[[owner]]', '\n'],
    ];
    for (const value of made)
      for (const name of ['owner', 'architecture', 'label'])
        for (const chosen of [value, [value, 'none']]) {
          const refused = (error: { message?: string }) => {
            if (/syntax|invalid byte sequence|macro/i.test(error.message ?? '')) return [];
            throw error;
          };
          const frames = await show('All robots', { [name]: chosen }).catch(refused);
          expect(rows(frames), `${name}: ${value}`).toBe(0);
        }
    expect(await names({ owner: [] })).toEqual([]);
  });

  it('gives every variable in its query a format, because Grafana inserts others unescaped', () => {
    for (const query of dashboard.queries)
      for (const reference of query.match(/\$\{?\w+[^}\s]*\}?|\[\[.*?\]\]/g) ?? [])
        expect(reference).toMatch(/^\$\{(owner|architecture|label):sqlstring\}|^\$__timeFilter\(v\.day\)$/);
  });
});
