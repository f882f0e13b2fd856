import { expect, it } from 'vitest';
import { groupOf, levelParameter } from './log-levels';
import { parseRange, rangeQuery, scaled, shifted, spanOf, spanQuery, stepSeconds } from './time-range';

it('parses the URL, and falls back if it is invalid', () => {
  expect(parseRange({ range: '7d' }, '1h')).toEqual({ preset: '7d' });
  for (const query of [{}, { range: 'century' }, { from: 'x', to: 'y' }, { from: '2030-01-02', to: '2030-01-01' }])
    expect(parseRange(query, '1h')).toEqual({ preset: '1h' });
  const own = { from: Date.UTC(2030, 0, 1), to: Date.UTC(2030, 0, 2) };
  expect(parseRange(rangeQuery(own, '1h'), '1h')).toEqual(own);
  expect(rangeQuery({ preset: '1h' }, '1h')).toEqual({ range: undefined, from: undefined, to: undefined });
});

it('moves and scales, but never into the future', () => {
  const span = { from: 0, to: 100_000 };
  expect(shifted(span, -0.5, 1e9)).toEqual({ from: -50_000, to: 50_000 });
  expect(shifted(span, 0.5, 110_000)).toEqual({ from: 10_000, to: 110_000 });
  expect(scaled(span, 2, 120_000)).toEqual({ from: -80_000, to: 120_000 });
  expect(spanOf({ preset: '15m' }, 900_000)).toEqual({ from: 0, to: 900_000 });
});

it('requests about one point per pixel', () => {
  expect([900, 3600, 86_400, 2_592_000].map((seconds) => stepSeconds({ from: 0, to: seconds * 1000 }))).toEqual([
    2, 5, 120, 3600,
  ]);
});

it('knows the spellings of levels', () => {
  expect(['err', 'CRIT', 'warn', 'informational', 'odd', null].map(groupOf)).toEqual([
    'error',
    'error',
    'warning',
    'info',
    null,
    null,
  ]);
  expect(levelParameter(['notice', 'debug'])).toBe('notice,debug,trace');
  expect(levelParameter(['error', 'warning', 'info', 'debug'])?.length).toBeLessThanOrEqual(200);
  expect(levelParameter([])).toBeUndefined();
});

it("stays in the future if the robot's clock is there, and can go back from it", () => {
  const [now, ahead] = [1_000_000, { from: 5_000_000, to: 6_000_000 }];
  expect(shifted(ahead, 0.5, now)).toEqual(ahead);
  expect(shifted(ahead, -0.5, now)).toEqual({ from: 4_500_000, to: 5_500_000 });
  expect(scaled(ahead, 0.5, now)).toEqual({ from: 5_250_000, to: 5_750_000 });
  expect(scaled(ahead, 2, now).to).toBe(6_000_000);
});

it("requests a live range by the robot's clock, with parameters that stay the same", () => {
  const DAY_MS = 86_400_000;
  const live = { preset: '1h' } as const;
  expect(spanQuery(live, 0)).toEqual({ from: '-1h', aheadMs: 0 });
  expect(spanQuery(live, -DAY_MS)).toEqual({ from: '-90000s', to: '-86370s', aheadMs: -86_370_000 });
  expect(spanQuery(live, 7_200_000)).toEqual({ from: '3600s', to: '7230s', aheadMs: 7_230_000 });
  const years = spanQuery(live, -56 * 365 * DAY_MS);
  expect([years.from, years.to]).toEqual(['-490561h', '-490559h']);
  const own = { from: Date.UTC(2030, 0, 1), to: Date.UTC(2030, 0, 2) };
  expect(spanQuery(own, -DAY_MS)).toEqual({ from: '2030-01-01T00:00:00.000Z', to: '2030-01-02T00:00:00.000Z' });
});
