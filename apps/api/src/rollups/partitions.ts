import { RangePartitions } from '../db/range-partitions.ts';
import type { Database } from '../db/schema.ts';
import { DAY_HOURS, hourOf } from './rollup.ts';

const DAYS_A_PARTITION = 30;
const S_A_DAY = 86_400;

export interface RollupPartitions {
  hours: RangePartitions;
  days: RangePartitions;
  activity: RangePartitions;
}

export const rollupPartitions = (db: Database): RollupPartitions => ({
  hours: new RangePartitions(db, ['rollup_hours'], DAYS_A_PARTITION * DAY_HOURS),
  days: new RangePartitions(db, ['rollup_days'], 12 * DAYS_A_PARTITION),
  activity: new RangePartitions(db, ['robot_activity'], DAYS_A_PARTITION * DAY_HOURS),
});

/** Drops what has outlived its retention (seconds), makes room for what comes. */
export async function maintainRollups({ hours, days, activity }: RollupPartitions, retention: number): Promise<void> {
  const now = hourOf(Date.now());
  const oldest = now - Math.ceil((retention / S_A_DAY) * DAY_HOURS);
  await Promise.all([hours.dropBefore(oldest), activity.dropBefore(oldest)]);
  await days.dropBefore(Math.floor(oldest / DAY_HOURS));
  await activity.ensure([now, now + DAY_HOURS]);
}
