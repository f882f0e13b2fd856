import { expect, it } from 'vitest';
import { newestOf, type Point, stacked, toRates, withGaps } from './series';

it('breaks the line where points are missing, not where they are only sparse', () => {
  const steady: Point[] = [
    [0, 1],
    [10_000, 2],
    [20_000, 3],
  ];
  expect(withGaps(steady, 2)).toEqual(steady);
  expect(withGaps([...steady, [60_000, 4]], 2)).toEqual([...steady, [20_001, null], [60_000, 4]]);
  expect(withGaps([], 1)).toEqual([]);
});

it('draws data that was reported less often earlier, and finds its gaps', () => {
  const at = (...times: number[]): Point[] => times.map((time) => [time * 1000, 1]);
  const gaps = (points: Point[]) => withGaps(points, 5).filter(([, value]) => value === null).length;
  const slow = Array.from({ length: 20 }, (_, i) => i * 60);
  const fast = Array.from({ length: 200 }, (_, i) => 1140 + 5 * (i + 1));
  expect(gaps(at(...slow, ...fast))).toBe(0);
  expect(gaps(at(...fast.map((time) => time - 1145), 1055, 1115, 1175, 1235))).toBe(0);
  expect(gaps(at(...slow.filter((time) => time < 300 || time > 660), ...fast))).toBe(1);
  expect(gaps(at(...slow, ...fast.filter((time) => time < 1500 || time > 1560)))).toBe(1);
  expect(newestOf(at(...slow, ...fast), 5)?.freshUntil).toBe(2_140_000 + 30_000);
});

it('knows until when the newest value of a series is fresh', () => {
  const at = (...times: number[]): Point[] => times.map((time) => [time * 1000, time]);
  expect(newestOf(at(0, 60, 120), 5)).toEqual({ value: 120, freshUntil: 420_000 });
  expect(newestOf(at(0, 1, 2), 1)).toEqual({ value: 2, freshUntil: 32_000 });
  expect(newestOf([...at(0, 60), [120_000, null]], 5)).toMatchObject({ value: 60 });
  expect(newestOf([[0, null]], 5)).toBeNull();
});

it('turns counters into rates, and leaves out the step of a reset', () => {
  expect(
    toRates([
      [0, 100],
      [10_000, 1100],
      [20_000, 50],
      [30_000, 250],
    ]),
  ).toEqual([
    [10_000, 100],
    [20_000, null],
    [30_000, 20],
  ]);
  expect(toRates([[0, 1]])).toEqual([]);
});

it('stacks lines, and keeps their gaps', () => {
  expect(
    stacked([
      [1, 2, null],
      [10, null, 30],
    ]),
  ).toEqual([
    [1, 2, null],
    [11, null, 30],
  ]);
});
