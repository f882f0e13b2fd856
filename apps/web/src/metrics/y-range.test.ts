import fc from 'fast-check';
import type uPlot from 'uplot';
import { expect, it } from 'vitest';
import { extremes, furthest, usualLimit, yRange } from './y-range';

const plot = (columns: (number | null | undefined)[][], shown: boolean[]) =>
  ({ data: [[], ...columns], series: [{}, ...shown.map((show) => ({ show }))] }) as unknown as uPlot;

it('covers every value of the visible lines, and ignores the others', () => {
  const value = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null });
  const line = fc.record({ show: fc.boolean(), column: fc.array(value) });
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const [min, max] = extremes(
        plot(
          lines.map(({ column }) => column),
          lines.map(({ show }) => show),
        ),
      );
      const shown = lines.flatMap(({ show, column }) => (show ? column : [])).filter((value) => value !== null);
      expect([min, max]).toEqual([Math.min(...shown), Math.max(...shown)]);
      const [bottom, top] = yRange([min, max]);
      expect(bottom).toBeLessThan(top);
      for (const value of shown) expect(value >= bottom && value <= top).toBe(true);
    }),
  );
});

it('ends at the known end of the scale, unless a value is beyond it', () => {
  expect(yRange([3, 40], 100)).toEqual([0, 100]);
  expect(yRange([3, 140], 100)).toEqual([0, 140]);
  expect(yRange(extremes(plot([[null]], [true])))).toEqual([0, 1]);
  expect(yRange([0, 0])).toEqual([0, 1]);
});

const steady = Array.from({ length: 100 }, (_, i) => 40 + (i % 10));

it('stays readable despite one extreme line or value', () => {
  const spiked = steady.map((value, i) => (i === 50 ? 1e9 : value));
  for (const columns of [[spiked], [steady, steady.map(() => 1e9)], [steady, spiked, steady]]) {
    const limit = usualLimit(columns, 'celsius');
    const [, top] = yRange(
      extremes(
        plot(
          columns,
          columns.map(() => true),
        ),
        limit,
      ),
    );
    expect(top).toBeLessThan(60);
    expect(furthest(columns, limit)).toBe(1e9);
  }
});

it('does not take normal values for outliers', () => {
  const burst = [...steady, 5e7];
  expect(usualLimit([burst], 'bytes_per_second')).toBeUndefined();
  expect(furthest([burst], undefined)).toBeNull();
  expect(furthest([steady, [0, 0, 3]], usualLimit([steady, [0, 0, 3]], 'none'))).toBeNull();
  expect(usualLimit([[0, 0, 0]], 'none')).toBeUndefined();
  expect(usualLimit([], 'none')).toBeUndefined();
});

it('has nothing off an axis of 0 to 100 %', () => {
  const idle = steady.map(() => 0.01);
  const busy = [...idle, 69];
  expect(furthest([idle, idle, busy], usualLimit([idle, idle, busy], 'percent'))).toBeNull();
  const absurd = [...idle, 1e9];
  expect(furthest([idle, absurd], usualLimit([idle, absurd], 'percent'))).toBe(1e9);
});

it('is a valid range whatever the values', () => {
  for (const [min, max] of [
    [0, 1.7e308],
    [-1.7e308, 1.7e308],
    [1.6e308, 1.7e308],
    [0, 5e-324],
    [1e-300, 5e-300],
  ] as const) {
    const [bottom, top] = yRange([min, max]);
    expect(top - bottom, `${min} ${max}`).toBeGreaterThan(1e-16);
    expect(Number.isFinite(top - bottom)).toBe(true);
  }
});
