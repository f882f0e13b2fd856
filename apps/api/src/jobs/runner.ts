import type { Job } from './jobs.ts';

/** Runs each job again and again, never two of the same at once. @returns how to stop, which waits for those under way */
export function runJobs(jobs: Job[], onError: (name: string, error: unknown) => void): () => Promise<void> {
  const stopping = new AbortController();
  const under = new Map<string, Promise<void>>();
  const timers = jobs.map((job) =>
    setInterval(() => {
      if (under.has(job.name) || stopping.signal.aborted) return;
      under.set(
        job.name,
        job
          .run()
          .catch((error) => onError(job.name, error))
          .finally(() => under.delete(job.name)),
      );
    }, job.everyMs),
  );
  return async () => {
    stopping.abort();
    timers.forEach(clearInterval);
    await Promise.all(under.values());
  };
}
