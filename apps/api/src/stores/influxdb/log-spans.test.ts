import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spansOf } from './log-spans.ts';

const SECOND = 1_000_000_000n;
const MARGIN = 1_000_000n;

it('groups nearby moments and separates distant ones', () => {
  const [old, now] = [1_700_000_000n * SECOND, 1_800_000_000n * SECOND];
  expect(spansOf([now + SECOND / 2n, old, now])).toEqual([
    { from: old, to: old + MARGIN },
    { from: now, to: now + SECOND / 2n + MARGIN },
  ]);
  expect(spansOf([])).toEqual([]);
});

it('covers every moment with a few spans that do not overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 60n }), { maxLength: 300 }), (moments) => {
      const spans = spansOf(moments);
      expect(spans.length).toBeLessThanOrEqual(64);
      for (const moment of moments) {
        expect(spans.some(({ from, to }) => from <= moment && moment < to)).toBe(true);
      }
      for (const [i, { from }] of spans.slice(1).entries()) expect(from >= (spans[i]?.to as bigint)).toBe(true);
    }),
  );
});
