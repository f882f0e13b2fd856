import { expect, it } from 'vitest';
import type { SeriesReply } from '../api/types';
import { huesOf, statesOf } from './states';

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
