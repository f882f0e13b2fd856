import { afterEach, expect, it, vi } from 'vitest';
import type { Database } from '../../src/db/schema.ts';
import { type Job, runJobs } from '../../src/jobs/runner.ts';

afterEach(() => void vi.useRealTimers());

const never = () => expect.unreachable();

it('never starts two jobs at the same moment, so that they need one connection', async () => {
  vi.useFakeTimers();
  const starts: number[] = [];
  const job = (name: string, everyMs: number): Job => ({
    ...{ name, everyMs, once: 'per replica', run: async () => void starts.push(Date.now()) },
  });
  const jobs = [job('a', 2_000), job('b', 2_000), job('c', 5_000), job('d', 15_000)];
  const stop = runJobs(undefined as unknown as Database, jobs, never);
  await vi.advanceTimersByTimeAsync(61_000);
  await stop();
  expect(starts.length).toBe(30 + 30 + 12 + 4);
  expect(new Set(starts).size).toBe(starts.length);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(starts.length).toBe(76);
});

it('starts nothing after it was stopped at once', async () => {
  vi.useFakeTimers();
  const stop = runJobs(
    undefined as unknown as Database,
    [
      { name: 'a', everyMs: 1_000, once: 'per replica', run: never },
      { name: 'b', everyMs: 1_000, once: 'per replica', run: never },
    ],
    never,
  );
  await stop();
  await vi.advanceTimersByTimeAsync(60_000);
});
