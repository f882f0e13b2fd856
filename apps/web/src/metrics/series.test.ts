import { expect, it } from 'vitest';
import { type Point, stacked, toRates, withGaps } from './series';

it('breaks the line where points are missing, not where they are merely rare', () => {
  const steady: Point[] = [
    [0, 1],
    [10_000, 2],
    [20_000, 3],
  ];
  expect(withGaps(steady, 2)).toEqual(steady);
  expect(withGaps([...steady, [60_000, 4]], 2)).toEqual([...steady, [20_001, null], [60_000, 4]]);
  expect(withGaps([], 1)).toEqual([]);
});

it('makes rates of counters, and says nothing about the step in which one was set back', () => {
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

it('stacks lines, and leaves gaps open', () => {
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
