import { expect, it } from 'vitest';
import { pauseAfter } from './pause-after.ts';

it('starts a process again at once, later and later when it keeps ending, and at once again after it has run', () => {
  const pauses: number[] = [];
  let failures = 0;
  for (const ranMs of [...Array(10).fill(500), 3_600_000, 500]) {
    const pause = pauseAfter(ranMs, failures);
    failures = pause.failures;
    pauses.push(pause.ms);
  }
  expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 200, 400]);
});
