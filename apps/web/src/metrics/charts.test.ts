import { expect, it, vi } from 'vitest';
import type { SeriesReply } from '../api/types';
import { chartsOf, inOrder } from './charts';
import { csvName, download, toCsv } from './csv';
import { alone, edgesOf, plotData, shownSeries, stackBands, tableOf } from './plot-options';

const reply = (
  measurement: string,
  ...series: [field: string, tags: Record<string, string>, ...values: number[]][]
): SeriesReply => ({
  ...{ measurement, from: '1970-01-01T00:00:00Z', to: '1970-01-01T01:00:00Z', every_s: 10 },
  series: series.map(([field, tags, ...values]) => ({
    field,
    tags,
    points: values.map((value, i) => [i * 10_000, value]),
  })),
});

it('stacks what keeps the CPU busy, and shows the cores in order', () => {
  const total = { cpu: 'cpu-total' };
  const [cpu, cores] = chartsOf(
    reply(
      'cpu',
      ['usage_system', total, 5],
      ['usage_idle', total, 80],
      ['usage_user', total, 15],
      ['usage_idle', { cpu: 'cpu10' }, 40],
      ['usage_idle', { cpu: 'cpu2' }, 70],
    ),
  );
  expect(cpu?.lines.map((line) => line.label)).toEqual(['user', 'system']);
  expect(cores?.lines.map(({ label, points }) => [label, points[0]?.[1]])).toEqual([
    ['cpu2', 30],
    ['cpu10', 60],
  ]);
  const chart = cpu as NonNullable<typeof cpu>;
  expect(plotData(chart, tableOf(chart)).slice(1)).toEqual([[15], [20]]);
});

it('CPU parts add up to all that is not idle, whatever parts the agent reports', () => {
  const total = { cpu: 'cpu-total' };
  const [cpu] = chartsOf(reply('cpu', ['usage_idle', total, 20], ['usage_user', total, 31], ['usage_nice', total, 9]));
  const chart = cpu as NonNullable<typeof cpu>;
  expect(chart.lines.map(({ label, points }) => [label, points[0]?.[1]])).toEqual([
    ['user', 31],
    ['nice', 9],
    ['other', 40],
  ]);
  expect(plotData(chart, tableOf(chart)).at(-1)).toEqual([80]);
});

it('shows what the agent keeps and has lost, once there is any', () => {
  const agent = (buffered: number, dropped: number) =>
    chartsOf(
      reply(
        'robowatch_agent',
        ['buffered_points', {}, 0, buffered],
        ['dropped_points', {}, dropped, dropped],
        ['buffered_bytes', {}, 0, buffered * 12],
        ['oldest_age_s', {}, 0, buffered],
      ),
    ).map(({ title, unit, lines }) => [title, unit, lines.map(({ label }) => label)]);
  expect(agent(0, 0)).toEqual([]);
  expect(agent(0, 7)).toEqual([['agentPoints', 'none', ['buffered_points', 'dropped_points']]]);
  expect(agent(90, 0)).toEqual([
    ['agentPoints', 'none', ['buffered_points', 'dropped_points']],
    ['agentBytes', 'bytes', ['buffered_bytes']],
    ['agentAge', 'seconds', ['oldest_age_s']],
  ]);
});

it('marks isolated values', () => {
  expect(alone([1])).toEqual([0]);
  expect(alone([1, 2, null, 3, null])).toEqual([3]);
  expect(alone([undefined, 5, undefined, null, undefined, 6, 7])).toEqual([1]);
  expect(alone([])).toEqual([]);
});

it('shows network counters as rates, disks by path, sensors by name', () => {
  const [net] = chartsOf(
    reply('net', ['bytes_recv', { interface: 'eth0' }, 0, 1000], ['packets_recv', { interface: 'eth0' }, 1, 2]),
  );
  expect(net?.lines).toEqual([{ label: 'eth0 ↓', points: [[10_000, 100]] }]);
  const [disk] = chartsOf(
    reply('disk', ['used_percent', { path: '/', device: 'sda1' }, 40], ['free', { path: '/' }, 1]),
  );
  expect(disk?.lines.map((line) => line.label)).toEqual(['/']);
});

it("leaves Telegraf's host tag out of the legend", () => {
  const [temp] = chartsOf(reply('temp', ['temp', { host: 'rover-7', sensor: 'cpu_thermal' }, 50]));
  expect(temp?.lines.map(({ label }) => label)).toEqual(['cpu_thermal']);
});

it('shows a constant rate as constant, however irregular the samples', () => {
  const times = Array.from({ length: 60 }, (_, i) => i * 10_000 + ([0, 1_500, -1_500, 700][i % 4] ?? 0));
  const points = times.map((time) => [time, 1e9 + time * 100]);
  const [net] = chartsOf({
    ...reply('net'),
    series: [{ field: 'bytes_recv', tags: { interface: 'eth0' }, points }],
  });
  const rates = net?.lines[0]?.points.map(([, rate]) => rate) ?? [];
  expect(rates).toHaveLength(59);
  for (const rate of rates) expect(rate).toBeCloseTo(100_000, 3);
});

it('draws only numbers, whatever else a measurement has', () => {
  const [kernel] = chartsOf({
    ...reply('kernel', ['processes_forked', {}, 10, 30]),
    series: [
      ...reply('kernel', ['processes_forked', {}, 10, 30]).series,
      { field: 'release', tags: {}, points: [[0, 'six']] },
    ],
  });
  expect(kernel?.lines).toEqual([{ label: 'processes_forked', points: [[10_000, 2]] }]);
});

it('stacks only visible lines', () => {
  const total = { cpu: 'cpu-total' };
  const [cpu] = chartsOf(
    reply('cpu', ['usage_user', total, 1], ['usage_system', total, 10], ['usage_iowait', total, 100]),
  );
  const chart = cpu as NonNullable<typeof cpu>;
  const hidden = new Set(['system']);
  expect(plotData(chart, tableOf(chart), hidden).slice(1)).toEqual([[1], [null], [101]]);
  expect(stackBands(chart, hidden)).toEqual([{ series: [3, 1] }]);
  expect(stackBands(chart, new Set())).toEqual([{ series: [2, 1] }, { series: [3, 2] }]);
});

it('draws unknown measurements, one chart per unit', () => {
  const charts = chartsOf(reply('battery', ['voltage', {}, 24], ['percent', {}, 80], ['cycles', { cell: 'a' }, 7]));
  expect(charts.map(({ id, unit, lines }) => [id, unit, lines[0]?.label])).toEqual([
    ['battery-volt', 'volt', 'voltage'],
    ['battery-percent', 'percent', 'percent'],
    ['battery-none', 'none', 'cycles a'],
  ]);
  expect(inOrder(['zeta', 'net', 'battery', 'cpu'])).toEqual(['cpu', 'net', 'battery', 'zeta']);
});

it('draws batteries by what is measured, and diagnostics not at all', () => {
  const [front, arm] = [{ name: 'front' }, { name: 'arm' }];
  const charts = chartsOf(
    reply('ros_battery', ['volt', front, 24], ['percent', front, 80], ['percent', arm, 70], ['watt', front, -98]),
  );
  expect(charts.map(({ unit, partName, lines }) => [unit, partName, lines.map(({ label }) => label)])).toEqual([
    ['percent', 'percent', ['arm', 'front']],
    ['volt', 'volt', ['front']],
    ['watt', 'watt', ['front']],
  ]);
  expect(chartsOf(reply('power_supply', ['percent', {}, 80]))[0]?.lines[0]?.label).toBe('percent');
  expect(chartsOf(reply('ros_diagnostics', ['level', { component: 'lidar' }, 2]))).toEqual([]);
});

it('says which part of a measurement a chart shows, and gives each unit its own axis', () => {
  const fields = ['motor_rpm', 'speed_m_s', 'yaw_deg', 'pitch_deg', 'cycles', 'temp'];
  const charts = chartsOf(
    reply('arm', ...(fields.map((field): [string, object, number] => [field, {}, 1]) as never[])),
  );
  expect(charts.map(({ title, part }) => [title, part])).toEqual([
    ['arm', 'motor_rpm'],
    ['arm', 'speed_m_s'],
    ['arm', 'yaw_deg, pitch_deg'],
    ['arm', 'cycles'],
    ['arm', 'temp'],
  ]);
  expect(new Set(charts.map(({ id }) => id)).size).toBe(5);
  expect(chartsOf(reply('arm', ['cycles', {}, 1]))[0]?.part).toBeUndefined();
});

it('marks the file as UTF-8', async () => {
  const blobs: Blob[] = [];
  const createObjectURL = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    blobs.push(blob as Blob);
    return 'blob:x';
  });
  download('x.csv', 'время');
  const bytes = new Uint8Array(await (blobs[0] as Blob).arrayBuffer());
  expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  createObjectURL.mockRestore();
});

it('exports what is drawn, and escapes formulas', () => {
  const text = toCsv(
    {
      id: 'x',
      title: 'x',
      unit: 'none',
      lines: [
        {
          label: '=cmd()',
          points: [
            [0, 1],
            [1, null],
          ],
        },
        { label: 'b, "c"', points: [[2, 3]] },
      ],
    },
    'en-GB',
  );
  expect(text).toBe(`time,'=cmd(),"b, ""c"""\r\n1970-01-01T00:00:00.000Z,1,\r\n1970-01-01T00:00:00.002Z,,3\r\n`);
});

it('exports with the separators of the locale, and still escapes formulas', () => {
  const labels = ['a;=cmd()', '\t=cmd()', '＝cmd()', 'b,@cmd', '-2', 'x\n+1', 'plain = text'];
  const lines = labels.map((label) => ({ label, points: [[0, 1.5]] as [number, number][] }));
  const [head, row] = toCsv({ id: 'x', title: 'x', unit: 'none', lines }, 'ru').split('\r\n');
  expect(head).toBe(`time;"a;'=cmd()";"'\t=cmd()";'＝cmd();"b,'@cmd";'-2;"x\n'+1";plain = text`);
  expect(row).toBe(`1970-01-01T00:00:00.000Z${';1,5'.repeat(labels.length)}`);
});

it('exports without rounding errors, and names the file by its content', () => {
  const cores = chartsOf(
    reply('cpu', ['usage_idle', { cpu: 'cpu-total' }, 90], ['usage_idle', { cpu: 'cpu0' }, 73.65]),
  );
  expect(cores.find(({ id }) => id === 'cores')?.lines[0]?.points).toEqual([[0, 26.35]]);
  const values = [26.349999999999994, 9_007_199_254_740_991, 1.7e308, 5e-324, 0.1 + 0.2];
  const chart = { id: 'wheels-none', title: 'wheels', unit: 'none' as const };
  const lines = [{ label: 'slip', points: values.map((value, i): [number, number] => [i, value]) }];
  const rows = toCsv({ ...chart, lines }, 'en-GB')
    .trim()
    .split('\r\n');
  expect(rows.map((row) => row.split(',')[1])).toEqual([
    ...['slip', '26.35', '9007199254740991', '1.7e+308', '5e-324', '0.3'],
  ]);
  expect(csvName('Rover 1', { ...chart, lines }, 0)).toBe('Rover_1-wheels-19700101T0000.csv');
});

it('shades from the lowest to the highest value where a point stands for many', () => {
  const of = (value: number) => reply('temp', ['temp', { sensor: 'soc' }, value, value + 1]).series;
  const [chart] = chartsOf({ ...reply('temp', ['temp', { sensor: 'soc' }, 50, 51]), low: of(40), high: of(90) });
  if (!chart) throw new Error('no chart');
  expect(edgesOf(chart)).toMatchObject([{ line: 0, fill: [3, 2] }]);
  expect(plotData(chart, tableOf(chart)).slice(1)).toEqual([
    [50, 51],
    [40, 41],
    [90, 91],
  ]);
  expect(shownSeries(chart, new Set(['soc']))).toEqual([false, false, false]);
  const gap = plotData(chart, [
    [0, 5, 10],
    [50, null, 51],
  ]);
  expect(gap.slice(2)).toEqual([
    [40, null, 41],
    [90, null, 91],
  ]);
});

it('shades a stack up to the busiest moment, and nothing where there are too many lines', () => {
  const total = { cpu: 'cpu-total' };
  const means = reply('cpu', ['usage_user', total, 15], ['usage_system', total, 5], ['usage_idle', total, 80]);
  const [cpu] = chartsOf({ ...means, low: reply('cpu', ['usage_idle', total, 3]).series, high: means.series });
  if (!cpu) throw new Error('no chart');
  expect(cpu.lines.map(({ band }) => Boolean(band))).toEqual([false, true]);
  expect(plotData(cpu, tableOf(cpu)).at(-1)).toEqual([97]);
  expect(edgesOf(cpu)).toMatchObject([{ line: 1, fill: [3, 2] }]);
  const many = reply(
    'temp',
    ...[1, 2, 3, 4, 5].map(
      (i) => ['temp', { sensor: `s${i}` }, i] as ['temp', object & Record<string, string>, number],
    ),
  );
  const [temp] = chartsOf({ ...many, low: many.series, high: many.series });
  expect(temp?.lines.every(({ band }) => band === undefined)).toBe(true);
});

it("draws a disk's counter of busy milliseconds as a share of the time, apart from its bytes", () => {
  const charts = chartsOf(
    reply('diskio', ['io_time', { name: 'sda' }, 0, 2500, 12_500], ['read_bytes', { name: 'sda' }, 0, 10, 20]),
  );
  expect(charts.map(({ unit, part }) => [unit, part])).toEqual([
    ['percent', 'io_time'],
    ['bytes_per_second', 'read_bytes'],
  ]);
  expect(charts[0]?.lines[0]?.points.map(([, value]) => value)).toEqual([25, 100]);
});
