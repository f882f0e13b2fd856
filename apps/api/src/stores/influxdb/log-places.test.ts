import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogPlaces } from './log-places.ts';

const digestOf = (text: string) => hash('md5', text, 'base64url');

/** Reference implementation: tries nanosecond by nanosecond. */
function byHand(taken: Map<bigint, string>, time: bigint, digest: string): bigint {
  const start = (time / 1000n) * 1000n;
  const first = BigInt(Buffer.from(digest, 'base64url').readUInt32LE()) % 1000n;
  let step = 0n;
  const at = () => start + (step < 1000n ? (first + step) % 1000n : step);
  while (taken.has(at()) && taken.get(at()) !== digest) step++;
  taken.set(at(), digest);
  return at();
}

it('gives each entry the same place as a nanosecond-by-nanosecond search', () => {
  const entry = fc.record({ text: fc.nat(1_500), moment: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 3_500, size: 'max' }), (entries) => {
      const [places, taken] = [new LogPlaces(), new Map<bigint, string>()];
      for (const { text, moment } of entries) {
        const identity = { time: BigInt(moment) * 1000n + 5n, digest: digestOf(String(text)) };
        expect(places.place(identity)).toBe(byHand(taken, identity.time, identity.digest));
      }
    }),
    { numRuns: 30 },
  );
});

it('places 100,000 entries of one instant, and finds all of them again', () => {
  const places = new LogPlaces();
  const digests = Array.from({ length: 100_000 }, (_, i) => digestOf(`entry ${i}`));
  const given = digests.map((digest) => places.place({ time: 5n, digest }));
  expect(new Set(given).size).toBe(100_000);
  expect(digests.map((digest) => places.place({ time: 5n, digest }))).toEqual(given);
});
