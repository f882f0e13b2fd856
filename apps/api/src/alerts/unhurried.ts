import type { Db } from '../db/schema.ts';
import type { Job } from '../jobs/runner.ts';
import { isResting } from './watch-store.ts';

/** Leaves runs out while the last one, of whichever replica, took so long that they would need more than a quarter of the time. */
export function unhurried(db: Db, run: Job['run']): Job['run'] {
  return async (signal) => {
    if (!(await isResting(db))) await run(signal);
  };
}
