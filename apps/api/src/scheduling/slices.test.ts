import fc from 'fast-check';
import { expect, it } from 'vitest';
import { atOnce, sorting } from './slices.ts';

it('sorts like sort(), and is stable', () => {
  const items = fc.array(fc.record({ key: fc.nat(50), place: fc.nat() }), { maxLength: 5_000, size: 'max' });
  const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
  fc.assert(
    fc.property(items, (some) => {
      expect(atOnce(sorting(some, byKey))).toEqual(some.toSorted(byKey));
    }),
    { numRuns: 30 },
  );
});
