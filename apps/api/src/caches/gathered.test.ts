import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { gathered } from './gathered.ts';

function loaderThatCounts(options: { atOnce: number; maxBatchSize?: number; cache?: boolean }) {
  const seen = { batches: [] as number[], most: 0, running: 0 };
  const loader = gathered<number, number>(async (keys) => {
    seen.batches.push(keys.length);
    seen.most = Math.max(seen.most, ++seen.running);
    await sleep(20);
    seen.running--;
    if (keys.includes(13)) throw new Error('unlucky');
    return keys.map((key) => key * 2);
  }, options);
  return { loader, seen };
}

it('asks for what comes one after the other in few queries, no more at once than allowed', async () => {
  const { loader, seen } = loaderThatCounts({ atOnce: 2, maxBatchSize: 150, cache: false });
  const answers: Promise<number>[] = [];
  for (let key = 100; key < 500; key++) {
    answers.push(loader.load(key));
    await turn();
  }
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 400 }, (_, i) => (i + 100) * 2));
  expect(seen.most).toBeLessThanOrEqual(2);
  expect(Math.max(...seen.batches)).toBeLessThanOrEqual(150);
  // One a turn would be 400.
  expect(seen.batches.length).toBeLessThan(100);
});

it('goes on after a query that failed, and after one that had nothing to ask', async () => {
  const { loader, seen } = loaderThatCounts({ atOnce: 1 });
  await expect(loader.load(13)).rejects.toThrow('unlucky');
  const first = loader.load(1);
  await sleep(5);
  expect(await Promise.all([first, loader.load(1)])).toEqual([2, 2]);
  expect(await loader.load(1)).toBe(2);
  expect(await loader.load(2)).toBe(4);
  expect(seen.batches).toEqual([1, 1, 1]);
});
