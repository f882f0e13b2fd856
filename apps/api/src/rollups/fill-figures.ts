import type { Database } from '../db/schema.ts';
import { fillFigures, listToFill, noteFilled, oldestHour } from './figure-store.ts';
import type { RollupPartitions } from './partitions.ts';
import { DAY_HOURS } from './rollup.ts';

const ROBOTS_AT_ONCE = 500;
/** The newest days of all robots come first: they are what is looked at. */
const DAYS_AT_ONCE = 10;

/** Fills in figures of what a former release rolled up. Goes on where it was interrupted; returns when all of them are there. */
export async function fillFormerFigures(
  { db, partitions }: { db: Database; partitions: RollupPartitions },
  signal: AbortSignal,
): Promise<void> {
  for (
    let robots = await listToFill(db, ROBOTS_AT_ONCE);
    robots.length > 0;
    robots = await listToFill(db, ROBOTS_AT_ONCE)
  )
    for (const { robotId, before } of robots) {
      if (signal.aborted) return;
      const first = before - DAYS_AT_ONCE;
      const days = Array.from({ length: DAYS_AT_ONCE }, (_, i) => first + i);
      const hours = Array.from({ length: DAYS_AT_ONCE * DAY_HOURS }, (_, i) => first * DAY_HOURS + i);
      await partitions.hours.ensure(hours);
      await partitions.days.ensure(days);
      const oldest = await oldestHour(db, robotId);
      const isLast = oldest === undefined || oldest >= first * DAY_HOURS;
      await db.transaction().execute(async (tx) => {
        await fillFigures(tx, { robotId, hours, days });
        await noteFilled(tx, robotId, isLast ? undefined : first);
      });
    }
}
