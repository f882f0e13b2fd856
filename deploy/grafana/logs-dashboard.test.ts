import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestInflux, type TestInflux } from '../../apps/api/test/support/influx.ts';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import { fluxDataSource, provisioned } from './as-grafana/data-source.ts';
import { ALL, type Variables } from './as-grafana/interpolate.ts';
import { linesOf, openDashboard, rows, tableOf, unlessRefused } from './as-grafana/open-dashboard.ts';
import { logs, STEPS, timeOf } from './robot-reports.ts';

const RANGE = { from: timeOf(-6), to: timeOf(STEPS), intervalMs: 10_000 };
const EVERYTHING = { robot: ALL, level: ALL, program: ALL, text: '' };

let influx: TestInflux;
const api = useTestApi(async () => {
  influx = await startTestInflux();
  return influx.settings;
});
afterAll(() => influx?.stop());

const source = () => {
  const [made] = provisioned('influxdb.yaml', influx.settings);
  return fluxDataSource(made as NonNullable<typeof made>);
};
const dashboard = openDashboard('robowatch-logs.json', source);
const show = (title: string, chosen: Variables = {}) => dashboard.show(title, { ...EVERYTHING, ...chosen }, RANGE);
const valuesOf = async (name: string) => (await dashboard.optionsOf(name, {}, RANGE)).map(({ value }) => value).sort();
const messages = async (chosen: Variables) =>
  tableOf(await unlessRefused(show('Entries', chosen))).map(({ message }) => message);

const ODD = `odd "quoted" 'a' /b/ \\c $x (d) [e] {f} 100% ä|ö .* \${text:raw} $__interval v.defaultBucket`;
const ODD_PROGRAM = 'p/1.2 "x" (y)';
const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
let [left, right] = ['', ''];

beforeAll(async () => {
  const owner = await api.person();
  const robots = [await api.pairedRobot(owner, 'Arm (left)'), await api.pairedRobot(owner, 'Arm "right"')] as const;
  [left, right] = robots.map(({ id }) => String(id)) as [string, string];
  const odd = `syslog message="${escaped(ODD)}",level="ERR",program="${escaped(ODD_PROGRAM)}" ${timeOf(5)}000`;
  const report = async (token: string, lines: string) =>
    expect((await api.report(token, lines, {}, '?precision=us')).status).toBe(204);
  await report(robots[0].token, `${logs('left')}\nsystem uptime=1i ${timeOf(1)}000`);
  await report(robots[1].token, `${logs('right')}\n${odd}\nsystem uptime=1i ${timeOf(1)}000`);
});

describe('every panel', () => {
  it('shows entries of all robots', async () => {
    for (const { title } of dashboard.panels) expect(rows(await show(title)), title).toBeGreaterThan(0);
    const all = await messages({});
    expect(all).toHaveLength(9);
    expect(all[0]).toBe(ODD);
  });

  it('of entries is a table of newest ones, with a link to the robot, whatever order Flux returns', async () => {
    const [frame] = await show('Entries', { robot: left });
    expect(frame?.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['_time time', 'robot string', 'level string', 'program string', 'message string', 'robot_id string'],
    ]);
    const table = tableOf(frame ? [frame] : []);
    const shown = table.map(({ message }) => message);
    expect([shown[0], shown[3]]).toEqual(['left: nobody said it', 'left: oldest']);
    expect(shown.slice(1, 3).sort()).toEqual(['left: same moment, one', 'left: same moment, two']);
    expect(table[0]).toMatchObject({ robot: 'Arm (left)', robot_id: left, level: 'none', program: 'none' });
    expect(table[3]).toMatchObject({ level: 'err', program: 'sshd' });
    for (let i = 0; i < 20; i++) expect(await messages({ robot: left })).toHaveLength(4);
    expect(JSON.stringify(dashboard.panels)).toContain(`/d/robowatch-robot?var-robot_id=\${__data.fields.robot_id}`);
  });

  it('by level counts in every window, with none at zero', async () => {
    const lines = linesOf(await show('Entries by level'), 'level');
    expect(Object.keys(lines).sort()).toEqual(['err', 'info', 'none']);
    const sum = (line: Map<number, unknown>) =>
      [...line.values()].reduce<number>((total, one) => total + Number(one), 0);
    const sums = Object.values(lines).map((line) => sum(line as Map<number, unknown>));
    expect(sums.sort()).toEqual([2, 3, 4]);
    expect(lines.err?.get(timeOf(5))).toBe(1);
    expect(lines.err?.get(timeOf(6))).toBe(0);
    expect(lines.info?.get(timeOf(0))).toBe(4);
  });

  it('of the most counts programs and robots', async () => {
    expect(tableOf(await show('Programs with most entries'))).toEqual([
      { program: 'kernel', entries: 4 },
      ...[expect.anything(), expect.anything()],
      { program: ODD_PROGRAM, entries: 1 },
    ]);
    expect(tableOf(await show('Robots with most entries'))).toEqual([
      { robot: 'Arm "right"', entries: 5, robot_id: right },
      { robot: 'Arm (left)', entries: 4, robot_id: left },
    ]);
  });

  it('has the newest 500 at most', async () => {
    const robot = await api.pairedRobot(await api.person());
    const lines = Array.from({ length: 700 }, (_, i) => `syslog message="entry ${i}" ${timeOf(7) + i}000`);
    expect((await api.report(robot.token, lines.join('\n'), {}, '?precision=us')).status).toBe(204);
    const newest = Array.from({ length: 500 }, (_, i) => `entry ${699 - i}`);
    expect(await messages({ robot: String(robot.id) })).toEqual(newest);
  });
});

describe('filters', () => {
  it('offer what there is', async () => {
    expect(await valuesOf('level')).toEqual(['err', 'info']);
    expect(await valuesOf('program')).toEqual(['kernel', ODD_PROGRAM, 'sshd']);
    expect(await valuesOf('robot')).toEqual(expect.arrayContaining([left, right]));
  });

  it('work for one, several and all', async () => {
    const both = { robot: [left, right] };
    expect(await messages(both)).toHaveLength(9);
    expect(await messages({ robot: [right] })).toHaveLength(5);
    expect(await messages({ ...both, level: 'err' })).toHaveLength(3);
    expect(await messages({ ...both, level: ['err', 'none'] })).toHaveLength(5);
    expect(await messages({ ...both, program: ['sshd', ODD_PROGRAM] })).toHaveLength(3);
    expect(await messages({ ...both, program: ODD_PROGRAM })).toEqual([ODD]);
    expect(await messages({ ...both, text: 'OLDEST' })).toHaveLength(2);
    expect(await messages({ ...both, text: 'left: same' })).toHaveLength(2);
  });

  it('take text as it is', async () => {
    const both = { robot: [left, right] };
    const parts = [
      '"quoted"',
      "'a'",
      '/b/',
      '\\c',
      '$x',
      '(d)',
      '[e]',
      '{f}',
      '100%',
      'ä|ö',
      '.*',
      `\${text:raw}`,
      'v.defaultBucket',
    ];
    for (const text of parts) expect(await messages({ ...both, text }), text).toEqual([ODD]);
    for (const text of ['x|oldest', 'o.dest', '^left', '[a-z]', '/ or true', '\n', 'no such text'])
      expect(await messages({ ...both, text }), text).toEqual([]);
  });

  it('select nothing with a manipulated URL', async () => {
    const made = [
      ...['.*', '(?s:.*)', `${left}|${right}`, '|', `${left}$/ or true or r.robot_id =~ /`, '/', '\\', '"', '\n', '%'],
      ...['none|err', `\${robot}`, `\${level:raw}`, '$robot', '[[robot]]', '$__interval', 'v.defaultBucket'],
    ];
    for (const value of made)
      for (const name of ['robot', 'level', 'program'])
        for (const chosen of [value, [value, 'no such']])
          expect(await messages({ [name]: chosen }), `${name}: ${value}`).toEqual([]);
    expect(await messages({ robot: [] })).toEqual([]);
  });

  it('have a format in every query, because Grafana inserts others unescaped', () => {
    for (const query of dashboard.queries)
      for (const reference of query.match(/\$\{?\w+[^}\s]*\}?|\[\[.*?\]\]/g) ?? [])
        expect(reference).toMatch(/^\$\{(robot|level|program|text):regex\}$/);
  });
});
