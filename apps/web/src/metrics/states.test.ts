import { expect, it } from 'vitest';
import type { SeriesReply } from '../api/types';
import { byUrgency, huesOf, lookOf, statesOf } from './states';

const reply = (points: unknown[][], to = 600): SeriesReply => ({
  ...{ measurement: 'state', from: new Date(0).toISOString(), to: new Date(to * 1000).toISOString(), every_s: 10 },
  series: [{ field: 'mode', tags: { part: 'arm' }, points }],
});
const spans = (...args: Parameters<typeof reply>) =>
  statesOf(reply(...args))[0]?.spans.map(({ from, to, value }) => [from / 1000, to / 1000, value]);

it('makes a span of each value until the next one', () => {
  const points = ['idle', 'idle', 'run', 'idle'].map((value, i) => [i * 10_000, value]);
  expect(spans(points, 30)).toEqual([
    [0, 20, 'idle'],
    [20, 30, 'run'],
    [30, 30, 'idle'],
  ]);
  expect(statesOf(reply(points))[0]).toMatchObject({ measurement: 'state', label: 'mode arm' });
});

it('leaves a gap where nothing was reported', () => {
  const points = [0, 10, 20, 120, 130].map((second) => [second * 1000, true]);
  expect(spans(points)?.slice(0, 1)).toEqual([[0, 20, true]]);
  expect(spans(points)?.at(-1)).toEqual([120, 180, true]);
});

it('keeps a value where it was reported less often', () => {
  const times = [0, 60, 120, 180, 240, ...Array.from({ length: 60 }, (_, i) => 245 + 5 * i)];
  expect(spans(times.map((second) => [second * 1000, 'idle']))).toHaveLength(1);
});

it('leaves numbers to the charts', () => {
  expect(statesOf(reply([[0, 1]]))).toEqual([]);
  expect(statesOf(reply([[0, null]]))).toEqual([]);
});

it('gives each value of a row its own hue, whatever their order', () => {
  const of = (...values: string[]) =>
    huesOf(
      values.map((value) => ({ from: 0, to: 1, value })),
      8,
    );
  const values = ['idle', 'run', 'charge', 'dock', 'fault'];
  expect(new Set(of(...values).values()).size).toBe(5);
  expect(of(...values.toReversed())).toEqual(of(...values));
  expect(of(...Array.from({ length: 20 }, (_, i) => `v${i}`)).size).toBe(20);
});

it('shows components by what is wrong, each with what it said', () => {
  const series = [
    ['state', 'a', 'ok'],
    ['message', 'a', 'fine'],
    ['state', 'b', 'stale'],
    ['state', 'c', 'warning'],
    ['state', 'd', 'error'],
    ['message', 'd', 'no scan'],
  ].map(([field, component, value]) => ({ field, tags: { component }, points: [[0, value]] }));
  const rows = statesOf({ ...reply([]), measurement: 'ros_diagnostics', series } as SeriesReply);
  expect(byUrgency(rows).map(({ label, note }) => [label, note])).toEqual([
    ['d', 'no scan'],
    ['b', undefined],
    ['c', undefined],
    ['a', 'fine'],
  ]);
});

const rowsOf = (measurement: string, values: Record<string, string | boolean>) =>
  statesOf({
    ...{ ...reply([]), measurement },
    series: Object.entries(values).map(([field, value]) => ({ field, tags: {}, points: [[0, value]] })),
  });

it('leaves what the robot is to the panel of the device, but nothing else by that name', () => {
  const rows = rowsOf('inventory', { model: 'Pi', os: 'Debian', kernel: '6', agent: '1', serial: '0x1', full: true });
  expect(rows.map(({ field }) => field)).toEqual(['full']);
});

it('shows first what is wrong with the board and the battery', () => {
  const rows = [
    ...rowsOf('a', { mode: 'idle', constructor: 'toString' }),
    ...rowsOf('ros_battery', { health: 'Overheat', status: 'Full' }),
    ...rowsOf('soc', { hot: false, throttled: true, under_voltage: true }),
  ];
  expect(byUrgency(rows).map(({ field }) => field)).toEqual([
    ...['health', 'throttled', 'under_voltage', 'constructor', 'mode', 'status', 'hot'],
  ]);
});

it.each([
  ['soc', 'throttled', true, 'warning'],
  ['soc', 'throttled', false, 'neutral'],
  ['ros_battery', 'health', 'Good', 'good'],
  ['ros_battery', 'health', 'Dead', 'error'],
  ['ros_battery', 'health', 'Cold', 'warning'],
  ['ros_battery', 'health', 'Unknown', undefined],
  ['ros_diagnostics', 'state', 'stale', 'unknown'],
  ['systemd_units', 'names', ' ', 'neutral'],
  ['state', 'estop', true, undefined],
  ['state', 'mode', 'toString', undefined],
] as const)('%s %s of %s looks %s', (measurement, field, value, look) => {
  const [row] = rowsOf(measurement, { [field]: value });
  expect(row && lookOf(row, value)).toBe(look);
});
