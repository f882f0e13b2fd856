import { expect, it } from 'vitest';
import { assembleTrends, type TrendMean } from './trends.ts';

const mean = (measurement: string, window: number, value: number, tags: Record<string, string> = {}): TrendMean => ({
  robotId: 1,
  measurement,
  tags,
  window,
  value,
});

it('shows the busy share of all cores, the root disk and the hottest sensor, and gaps as null', () => {
  const means = [
    mean('cpu', 0, 90, { cpu: 'cpu-total' }),
    mean('cpu', 0, 10, { cpu: 'cpu0' }),
    mean('disk', 1, 40, { path: '/' }),
    mean('disk', 1, 99, { path: '/data' }),
    mean('temp', 2, 41.239, { sensor: 'soc' }),
    mean('temp', 2, 55, { sensor: 'gpu' }),
  ];
  expect(assembleTrends(means, 3).get(1)).toEqual({
    cpu_percent: [10, null, null],
    memory_percent: [null, null, null],
    disk_percent: [null, 40, null],
    temperature_c: [null, null, 55],
  });
});

it('takes the fullest disk where none is the root', () => {
  const means = [mean('disk', 0, 40, { path: '/a' }), mean('disk', 0, 70.004, { path: '/b' })];
  expect(assembleTrends(means, 1).get(1)?.disk_percent).toEqual([70]);
});
