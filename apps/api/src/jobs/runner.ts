import { randomUUID } from 'node:crypto';
import type { Database } from '../db/schema.ts';
import { endClaim, takeClaim } from './claim-store.ts';

export interface Job {
  name: string;
  everyMs: number;
  /** Per replica: it is about what the process itself knows. Per cluster: one replica at a time, once a period. */
  once: 'per replica' | 'per cluster';
  /** @param signal aborts when the work is no longer this process's, or the server stops */
  run(signal: AbortSignal): Promise<void>;
}

/** A process that dies keeps its claim this long. */
const CLAIM_S = 60;
const RENEW_MS = 20_000;

/** Runs each job again and again, never two of the same at once. @returns how to stop, which waits for those under way */
export function runJobs(
  db: Database,
  jobs: Job[],
  onError: (name: string, error: unknown) => void,
): () => Promise<void> {
  const holder = randomUUID();
  const stopping = new AbortController();
  const under = new Map<string, Promise<void>>();
  const timers = jobs.map((job) =>
    setInterval(() => {
      if (under.has(job.name) || stopping.signal.aborted) return;
      const work = job.once === 'per cluster' ? claimed(db, holder, job, stopping.signal) : job.run(stopping.signal);
      under.set(
        job.name,
        work.catch((error) => onError(job.name, error)).finally(() => under.delete(job.name)),
      );
    }, job.everyMs),
  );
  return async () => {
    stopping.abort();
    timers.forEach(clearInterval);
    await Promise.all(under.values());
  };
}

/** Does the job unless another replica does it, or did it less than a period ago. */
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

/** Timers are not exact: the same replica's next turn must not find its own period a moment short. */
const NEARLY = 0.9;
