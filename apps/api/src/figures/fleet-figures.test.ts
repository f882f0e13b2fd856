import { expect, it } from 'vitest';
import { latestOf, trendsOf, type WindowMean } from './fleet-figures.ts';

const FIELDS: Record<string, string> = { cpu: 'usage_idle', mem: 'used_percent', disk: 'used_percent', temp: 'temp' };
const mean = (measurement: string, window: number, value: number, tags: Record<string, string> = {}): WindowMean => ({
  ...{ robotId: 1, measurement, field: FIELDS[measurement] ?? '', tags, window, value },
});

it('shows the load of all cores, the root disk and the hottest sensor, and gaps as null', () => {
  const means = [
    mean('cpu', 0, 90, { cpu: 'cpu-total' }),
    mean('disk', 1, 40, { path: '/' }),
    mean('disk', 1, 99, { path: '/data' }),
    mean('temp', 2, 41.239, { sensor: 'soc' }),
    mean('temp', 2, 55, { sensor: 'gpu' }),
  ];
  expect(trendsOf(means, 3).get(1)).toEqual({
    cpu_percent: [10, null, null],
    memory_percent: [null, null, null],
    disk_percent: [null, 40, null],
    temperature_c: [null, null, 55],
  });
});

it('uses the fullest disk if there is no root disk', () => {
  const means = [mean('disk', 0, 40, { path: '/a' }), mean('disk', 0, 70.004, { path: '/b' })];
  expect(trendsOf(means, 1).get(1)?.disk_percent).toEqual([70]);
});

it('has null for figures the robot does not measure', () => {
  const load = { robotId: 2, measurement: 'system', field: 'load1', tags: {}, time: 0, value: 0.5 };
  expect(latestOf([load]).get(2)).toEqual({
    ...{ cpu_percent: null, memory_percent: null, disk_percent: null, temperature_c: null, load1: 0.5, uptime_s: null },
  });
});
