import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matching, matchingOthers } from './robots-pattern.ts';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 300 });
/** Texts that are near to an id, and others. */
const texts = (own: number[]) => [
  ...own.flatMap((id) => [
    `${id}`,
    `${id}0`,
    `0${id}`,
    `${id} `,
    `${id}\n`,
    String(id).slice(1),
    String(id).slice(0, -1),
  ]),
  ...Array.from({ length: 3000 }, (_, i) => String(i)),
  ...['', 'x', '\n', '-1', '1x', '١'],
];

it('one pattern matches exactly the ids, the other everything else', () => {
  fc.assert(
    fc.property(ids, (own) => {
      const known = new Set(own.map(String));
      const [inside, outside] = [new RegExp(matching(own)), new RegExp(matchingOthers(own).replace('(?s)', ''), 's')];
      for (const text of texts(own))
        expect([inside.test(text), outside.test(text)], JSON.stringify(text)).toEqual([
          known.has(text),
          !known.has(text),
        ]);
    }),
    { numRuns: 50 },
  );
});

it('ids in a row make a short pattern', () => {
  const row = Array.from({ length: 10_000 }, (_, i) => i + 100_000);
  expect(matching(row)).toBe('^10[0-9][0-9][0-9][0-9]$');
  expect(matchingOthers(row).length).toBeLessThan(200);
});
