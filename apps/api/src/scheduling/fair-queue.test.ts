import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

const everything = () => true;

it('lets keys take turns, however long the queue of one of them is', () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 100; i++) queue.push(1, `backlog ${i}`);
  queue.push(2, 'fresh');
  queue.push(3, 'fresh too');
  expect([1, 2, 3, 4].map(() => queue.shift(everything))).toEqual(['backlog 0', 'fresh', 'fresh too', 'backlog 1']);
});

it('keeps the turn of an item that does not fit', () => {
  const queue = new FairQueue<number>();
  queue.push(1, 10);
  queue.push(2, 1);
  expect(queue.shift((size) => size < 5)).toBeUndefined();
  expect(queue.size).toBe(2);
  expect(queue.shift(everything)).toBe(10);
});

it('returns every item exactly once, in order per key', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (keys) => {
      const queue = new FairQueue<[number, number]>();
      keys.forEach((key, i) => void queue.push(key, [key, i]));
      const out: [number, number][] = [];
      for (let item = queue.shift(everything); item; item = queue.shift(everything)) out.push(item);
      expect(queue.size).toBe(0);
      expect(out.map(([, i]) => i).sort((a, b) => a - b)).toEqual(keys.map((_, i) => i));
      for (const key of new Set(keys)) {
        const own = out.filter(([k]) => k === key).map(([, i]) => i);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
    }),
    { seed: 20 },
  );
});
