import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { claimed, type Job } from '../../src/jobs/runner.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const never = new AbortController().signal;
const job = (name: string, run: Job['run'], everyMs = 60_000): Job => ({ name, everyMs, run, once: 'per cluster' });

it('ten replicas competing for a job run it once', async () => {
  const { db } = api.deps();
  let times = 0;
  const work = job('count', async () => {
    times++;
  });
  await Promise.all(Array.from({ length: 10 }, (_, i) => claimed(db, `replica ${i}`, work, never)));
  expect(times).toBe(1);
  await claimed(db, 'replica 0', work, never);
  expect(times, 'within the period').toBe(1);
  await sql`update job_claims set until = now() - interval '1 second' where job = 'count'`.execute(db);
  await claimed(db, 'replica 3', work, never);
  expect(times, 'a period later').toBe(2);
});

it('a job stays with the process running it, and is taken over when that process has died', async () => {
  const { db } = api.deps();
  const at: string[] = [];
  let end = () => {};
  const long = new Promise<void>((resolve) => {
    end = resolve;
  });
  const holding = job('long', async () => {
    at.push('a');
    await long;
  });
  const first = claimed(db, 'a', holding, never);
  await expect.poll(() => at).toEqual(['a']);
  const other = job('long', async () => void at.push('b'));
  await claimed(db, 'b', other, never);
  expect(at).toEqual(['a']);
  await sql`update job_claims set until = now() where job = 'long'`.execute(db);
  await claimed(db, 'b', other, never);
  expect(at).toEqual(['a', 'b']);
  end();
  await first;
});

it('a failed job can be retried by another replica a period later, and reports the error', async () => {
  const { db } = api.deps();
  const failing = job('fail', () => Promise.reject(new Error('no')), 0);
  await expect(claimed(db, 'a', failing, never)).rejects.toThrow('no');
  await expect(claimed(db, 'b', failing, never)).rejects.toThrow('no');
});
