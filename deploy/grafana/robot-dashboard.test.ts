import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestInflux, type TestInflux } from '../../apps/api/test/support/influx.ts';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import type { DataFrame } from './as-grafana/data-frames.ts';
import { fluxDataSource, provisioned } from './as-grafana/data-source.ts';
import type { Variables } from './as-grafana/interpolate.ts';
import { known, linesOf, openDashboard, rows, unlessRefused } from './as-grafana/open-dashboard.ts';
import { GAP, logs, ODD_MEASUREMENT, RESET_AT, reports, STEPS, timeOf } from './robot-reports.ts';

const MEASUREMENT = `\${measurement}`;
const NEWEST_VALUES = `${MEASUREMENT}: newest values`;
const RANGE = { from: timeOf(-6), to: timeOf(STEPS), intervalMs: 10_000 };

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
const dashboard = openDashboard('robowatch-robot.json', source);
const { panels } = dashboard;
const show = (title: string, chosen: Variables, range = RANGE) =>
  dashboard.show(title, { measurement: 'battery', ...chosen }, range);
const optionsOf = (name: string, chosen: Variables = {}) => dashboard.optionsOf(name, chosen, RANGE);
const everything = ({ id }: Robot) => Promise.all(panels.map(({ title }) => show(title, { robot_id: String(id) })));
const figure = (frames: DataFrame[]) => {
  expect(rows(frames)).toBe(1);
  return frames[0]?.fields.at(-1)?.values[0];
};

interface Robot {
  id: number;
  token: string;
}
let left: Robot;
let right: Robot;
/** The left robot's panels while no other robot has sent anything. */
let alone: DataFrame[][];
const report = async ({ token }: Robot, lines: string) =>
  expect((await api.report(token, lines, {}, '?precision=us')).status).toBe(204);

beforeAll(async () => {
  const owner = await api.person();
  left = await api.pairedRobot(owner, 'Arm (left)');
  right = await api.pairedRobot(owner, 'Arm "right"');
  await report(left, reports(1));
  await report(left, logs('left'));
  alone = await everything(left);
  await report(right, reports(2));
  await report(right, logs('right'));
});

it('the provisioned data source passes Grafana’s health check, which lists buckets', async () => {
  expect(rows(await source().ask('buckets()', {}, RANGE))).toBeGreaterThan(0);
});

describe('every panel', () => {
  it('shows data of the selected robot only', async () => {
    expect(panels.length).toBeGreaterThan(15);
    expect(await everything(left)).toEqual(alone);
    const others = await everything(right);
    for (const [i, { title }] of panels.entries()) {
      expect(rows(alone[i] as DataFrame[]), title).toBeGreaterThan(0);
      expect(rows(others[i] as DataFrame[]), title).toBeGreaterThan(0);
      // Both robots report at the same times.
      if (title !== 'Last seen') expect(others[i], title).not.toEqual(alone[i]);
    }
  });

  it('shows nothing for a manipulated URL', async () => {
    const id = String(left.id);
    const both = `${id},${right.id}`;
    const made = [
      ...[
        '',
        '.*',
        `${id}|${right.id}`,
        both,
        `{${both}}`,
        `${id} `,
        `0${id}`,
        '\\',
        '"',
        '\n',
        '%',
        'v.defaultBucket',
      ],
      ...[`${id}" or "1" == "1`, '" or r.robot_id != "', '" or true) |> yield() //', `${id}/ or true`],
      ...[`\${r.robot_id}`, '$robot_id', `\${robot_id:raw}`, '$measurement', '[[measurement]]', '$__interval'],
    ];
    for (const robot_id of made) {
      for (const { title } of panels)
        expect(rows(await unlessRefused(show(title, { robot_id }))), `${title}: ${robot_id}`).toBe(0);
      const chosen = { robot_id, measurement: '" or true or r.robot_id == "' };
      expect(await unlessRefused(optionsOf('measurement', chosen)), robot_id).toEqual([]);
    }
    for (const measurement of ['', '.*', 'bat', 'battery|cpu', 'battery/ or true or r._measurement =~ /', '$robot_id'])
      for (const title of [MEASUREMENT, NEWEST_VALUES])
        expect(rows(await unlessRefused(show(title, { robot_id: id, measurement }))), measurement).toBe(0);
  });

  it('gives every variable in its query a format, because Grafana inserts others unescaped', () => {
    for (const query of dashboard.queries)
      for (const reference of query.match(/\$\{?\w+[^}\s]*\}?|\[\[.*?\]\]/g) ?? [])
        expect(reference).toMatch(/^\$\{(robot_id:percentencode|measurement:regex)\}$/);
  });
});

describe('selecting', () => {
  it('a robot works by name', async () => {
    expect(await optionsOf('robot_id')).toEqual(
      expect.arrayContaining([
        { label: `Arm (left) (${left.id})`, value: String(left.id) },
        { label: `Arm "right" (${right.id})`, value: String(right.id) },
      ]),
    );
  });

  it('a robot works by id while it has not sent the measurement that every robot sends', async () => {
    const robot = await api.pairedRobot(await api.person(), 'Nameless');
    await report(robot, 'battery voltage=1');
    expect(await optionsOf('robot_id')).toContainEqual({ label: ` (${robot.id})`, value: String(robot.id) });
  });

  it('a measurement works for all of the robot’s without a panel, whatever their names', async () => {
    const measurements = await optionsOf('measurement', { robot_id: String(left.id) });
    expect(measurements.map(({ value }) => value).sort()).toEqual(['battery', ODD_MEASUREMENT]);
    const lines = linesOf(await show(MEASUREMENT, { robot_id: String(left.id), measurement: ODD_MEASUREMENT }));
    expect(known(lines.rpm)).toContain(100);
  });
});

describe('the header', () => {
  const of = (title: string) => show(title, { robot_id: String(left.id) });

  it('shows the robot’s identity and when it was last seen', async () => {
    const [frame] = await of('Robot');
    const columns = frame?.fields.map(({ name, values }) => [name, values[0]]);
    expect(Object.fromEntries(columns ?? [])).toEqual({ robot: 'Arm (left)', hostname: 'orange', arch: 'arm64' });
    expect(figure(await of('Last seen'))).toBe(timeOf(STEPS - 1));
  });

  it('shows the newest figures', async () => {
    const titles = ['Uptime', 'CPU now', 'Memory now', 'Disk', 'Temperature'];
    const figures = await Promise.all(titles.map(async (title) => figure(await of(title))));
    expect(figures).toEqual([10 * (STEPS - 1), 15, 41, 51, 61]);
  });
});

describe('a chart', () => {
  const of = (title: string, range = RANGE) => show(title, { robot_id: String(left.id) }, range);
  const always = (value: number) => Array(STEPS - GAP.length).fill(value);

  it('has one line per field, core, disk and sensor', async () => {
    const cpu = linesOf(await of('CPU'));
    expect(Object.keys(cpu).sort()).toEqual(['system', 'user']);
    expect([known(cpu.user), known(cpu.system)]).toEqual([always(10), always(5)]);
    const cores = linesOf(await of('Cores'), 'cpu');
    expect([known(cores.cpu0), known(cores.cpu1)]).toEqual([always(20), always(30)]);
    const disks = linesOf(await of('Disks'), 'path');
    expect([known(disks['/']), known(disks['/data'])]).toEqual([always(51), always(91)]);
    const sensors = linesOf(await of('Temperature of each sensor'), 'sensor');
    expect([known(sensors.cpu_thermal), known(sensors.gpu_thermal)]).toEqual([always(61), always(51)]);
    const { load1, load5, load15 } = linesOf(await of('Load'));
    expect([known(load1), known(load5), known(load15)]).toEqual([always(1), always(2), always(3)]);
    expect(known(linesOf(await of('Memory')).used_percent)).toEqual(always(41));
    const uptime = linesOf(await of('Uptime since the last boot')).uptime;
    expect(uptime?.get(timeOf(STEPS - 1))).toBe(10 * (STEPS - 1));
  });

  it('shows a silence as a gap, in windows of any width', async () => {
    const { user } = linesOf(await of('CPU'));
    expect(GAP.map((step) => user?.get(timeOf(step)))).toEqual(GAP.map(() => null));
    const minutes = linesOf(await of('CPU', { ...RANGE, intervalMs: 60_000 })).user;
    expect(new Set(minutes?.values())).toEqual(new Set([10, null]));
    for (const panel of panels.filter(({ type }) => type === 'timeseries')) expect(panel.interval).toBe('10s');
  });

  it('of the network is a rate, without counter resets after a reboot', async () => {
    const frames = await of('Network');
    expect(frames.map(({ labels }) => labels)).toEqual([{ interface: 'eth0' }, { interface: 'eth0' }]);
    const { bytes_recv: received, bytes_sent: sent } = linesOf(frames);
    expect([new Set(known(received)), new Set(known(sent))]).toEqual([new Set([100]), new Set([50])]);
    expect(received?.get(timeOf(RESET_AT))).toBeNull();
    expect(received?.get(timeOf(RESET_AT + 1))).toBe(100);
    // Windows that are not a multiple of the robot's interval.
    const wide = linesOf(await of('Network', { ...RANGE, intervalMs: 15_000 })).bytes_recv;
    expect(new Set(known(wide))).toEqual(new Set([100]));
  });

  it('of another measurement shows numbers and booleans, and its table also text', async () => {
    const lines = linesOf(await of(MEASUREMENT));
    expect(Object.keys(lines).sort()).toEqual(['charge', 'charging', 'voltage']);
    expect([known(lines.charging), known(lines.voltage)]).toEqual([always(1), always(12.5)]);
    const [table] = await of(NEWEST_VALUES);
    const column = (name: string) => table?.fields.find((field) => field.name === name)?.values;
    expect(column('_field')).toEqual(['charge', 'charging', 'state', 'voltage']);
    expect(column('_value')).toEqual(['81', 'true', 'docked', '12.5']);
  });

  it('continues when the robot is renamed', async () => {
    const owner = await api.person();
    const robot = await api.pairedRobot(owner, 'Before');
    const lines = (...steps: number[]) =>
      steps
        .flatMap((i) =>
          [`cpu usage_user=${i},usage_idle=${i}`, `net,interface=eth0 bytes_recv=${i * 1000}i`, 'system uptime=5i'].map(
            (line) => `${line} ${timeOf(i)}000`,
          ),
        )
        .join('\n');
    await report(robot, lines(1, 2));
    await api.call('PATCH', `/robots/${robot.id}`, { token: owner.token, body: { name: 'After' } });
    await report(robot, 'battery voltage=1');
    await report(robot, lines(3, 4));
    const ask = (title: string) => show(title, { robot_id: String(robot.id) });
    const frames = await ask('CPU');
    expect(frames).toHaveLength(1);
    expect(known(linesOf(frames).user)).toEqual([1, 2, 3, 4]);
    expect(known(linesOf(await ask('Network')).bytes_recv)).toEqual([100, 100, 100]);
    expect(figure(await ask('CPU now'))).toBe(96);
    expect(await optionsOf('robot_id')).toContainEqual({ label: `After (${robot.id})`, value: String(robot.id) });
  });
});

describe('logs', () => {
  it('are newest first, with both entries of the same microsecond, and Grafana shows the entry as text', async () => {
    const [frame, ...more] = await show('Logs', { robot_id: String(left.id) });
    expect(more).toEqual([]);
    const [time, body, level, program] = frame?.fields ?? [];
    expect(frame?.fields.map(({ name }) => name)).toEqual(['_time', 'body', 'level', 'program']);
    expect([time?.type, body?.type]).toEqual(['time', 'string']);
    const entries = body?.values.map((text, i) => [text, level?.values[i], program?.values[i]]) ?? [];
    expect(entries).toHaveLength(4);
    expect(entries[0]).toEqual(['left: nobody said it', '', '']);
    expect(entries.slice(1, 3).sort()).toEqual([
      ['kernel: left: same moment, one', 'info', 'kernel'],
      ['kernel: left: same moment, two', 'info', 'kernel'],
    ]);
    expect(entries[3]).toEqual(['sshd: left: oldest', 'err', 'sshd']);
    const times = time?.values.map(String) ?? [];
    expect(times).toEqual(times.toSorted().toReversed());
    expect(new Set(times).size).toBe(4);
  });

  it('are complete on every query, although Flux returns columns in varying order', async () => {
    for (let i = 0; i < 40; i++) expect(rows(await show('Logs', { robot_id: String(left.id) }))).toBe(4);
  });

  it('are limited to the newest 500', async () => {
    const robot = await api.pairedRobot(await api.person());
    const entry = (i: number) =>
      `syslog message="entry ${i}",level="info"${i % 3 ? ',program="p"' : ''} ${timeOf(0) + i * 100}000`;
    await report(robot, Array.from({ length: 700 }, (_, i) => entry(i)).join('\n'));
    const [frame] = await show('Logs', { robot_id: String(robot.id) });
    const bodies = frame?.fields[1]?.values.map((body) => String(body).replace('p: ', ''));
    // Grafana reads up to one and a half times the requested number, and drops the rest.
    expect(panels.find(({ title }) => title === 'Logs')?.maxDataPoints).toBeGreaterThan(500 / 1.5);
    expect(bodies).toEqual(Array.from({ length: 500 }, (_, i) => `entry ${699 - i}`));
  });
});
