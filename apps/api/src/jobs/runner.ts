import { randomUUID } from 'node:crypto';
import type { Database } from '../db/schema.ts';
import { endClaim, takeClaim } from './claim-store.ts';

export interface Job {
  name: string;
  everyMs: number;
  /** Per replica: works on the process's own state. Per cluster: one replica at a time, once per period. */
  once: 'per replica' | 'per cluster';
  /** @param signal aborts when the process loses the lease or the server stops */
  run(signal: AbortSignal): Promise<void>;
}

/** Lease time: how long a dead process keeps its claim. */
const CLAIM_S = 60;
const RENEW_MS = 20_000;

/** Jobs whose periods are whole seconds never start together, so they need one connection to the database, not each its own. */
const SPREAD_MS = 1_000;

/** Runs jobs periodically, without overlapping runs of one job. @returns a function that stops them and waits */
export function runJobs(
  db: Database,
  jobs: Job[],
  onError: (name: string, error: unknown) => void,
): () => Promise<void> {
  const holder = randomUUID();
  const stopping = new AbortController();
  const under = new Map<string, Promise<void>>();
  const run = (job: Job) => {
    if (under.has(job.name) || stopping.signal.aborted) return;
    const work = job.once === 'per cluster' ? claimed(db, holder, job, stopping.signal) : job.run(stopping.signal);
    under.set(
      job.name,
      work.catch((error) => onError(job.name, error)).finally(() => under.delete(job.name)),
    );
  };
  const timers = new Set<NodeJS.Timeout>();
  for (const [i, job] of jobs.entries()) {
    const offset = setTimeout(() => timers.add(setInterval(run, job.everyMs, job)), (i * SPREAD_MS) / jobs.length);
    timers.add(offset);
  }
  return async () => {
    stopping.abort();
    for (const timer of timers) clearInterval(timer);
    await Promise.all(under.values());
  };
}

/** Runs the job unless another replica is running it, or has done so within the period. */
export async function claimed(db: Database, holder: string, job: Job, stop: AbortSignal): Promise<void> {
  const started = performance.now();
  if (!(await takeClaim(db, job.name, holder, CLAIM_S))) return;
  const lost = new AbortController();
  const renewal = setInterval(() => {
    takeClaim(db, job.name, holder, CLAIM_S).then(
      (mine) => mine || lost.abort(),
      () => {},
    );
  }, RENEW_MS);
  try {
    await job.run(AbortSignal.any([stop, lost.signal]));
  } finally {
    clearInterval(renewal);
    const rest = (job.everyMs * NEARLY - (performance.now() - started)) / 1000;
    await endClaim(db, job.name, holder, Math.max(0, rest));
  }
}

/** Timers are inexact: the lease must end before the same replica's next run. */
const NEARLY = 0.9;
