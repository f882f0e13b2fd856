import { expect, it } from 'vitest';
import { type ClockSample, measureSkew } from './clock-skew.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR_S = 3600;

/** @param reports when each arrived, and its newest point, seconds. @returns each measured skew, seconds */
function skewsOf(reports: [at: number, newest: number][]): (number | null)[] {
  let reference: ClockSample | undefined;
  return reports.map(([at, newest]) => {
    const sample = { at: START + at * 1000, newest: START + newest * 1000 };
    const measured = measureSkew(reference, sample);
    reference = measured.reference;
    return measured.skewMs === null ? null : measured.skewMs / 1000;
  });
}

it('shows a slow clock from the second report on', () => {
  const slow = [0, 10, 20, 31].map((at): [number, number] => [at, at - HOUR_S]);
  expect(skewsOf(slow)).toEqual([null, -HOUR_S, -HOUR_S, -HOUR_S]);
  expect(skewsOf([0, 300, 600].map((at): [number, number] => [at, at - HOUR_S]))).toEqual([null, -HOUR_S, -HOUR_S]);
});

it('shows a clock that is ahead at once', () => {
  expect(skewsOf([[0, HOUR_S]])).toEqual([HOUR_S]);
});

it('takes no back-fill for a slow clock, before, between or after live reports', () => {
  const live = (at: number): [number, number] => [at, at];
  expect(
    skewsOf([[0, -9000], live(1), [2, -8000], [3, -7000], live(11), [12, -90_000], [22, -90_000], live(23)]),
  ).toEqual([null, 0, null, null, 0, null, null, 0]);
  const catchingUp = Array.from({ length: 9 }, (_, i): [number, number] => [i / 2, -9000 + i * 1000]);
  expect(skewsOf([...catchingUp, [5, 4]])).toEqual([...catchingUp.map(() => null), -1]);
});

it('shows a slow clock beside back-fill, and one that was set back', () => {
  const slow = (at: number): [number, number] => [at, at - HOUR_S];
  expect(skewsOf([slow(0), [5, -50_000], slow(10), [11, -49_000], slow(20)])).toEqual([
    ...[null, null, -HOUR_S, null, -HOUR_S],
  ]);
  const setBack = Array.from({ length: 15 }, (_, i) => slow(10 + i * 10));
  expect(skewsOf([[0, 86_400], ...setBack]).at(-1)).toBe(-HOUR_S);
});
