import { RangePartitions } from '../db/range-partitions.ts';
import type { Database } from '../db/schema.ts';
import { DAY_HOURS, hourOf } from './rollup.ts';
import { deleteActivityBefore, deleteUnusedNames } from './rollup-store.ts';

const DAYS_A_PARTITION = 30;
const S_A_DAY = 86_400;

export interface RollupPartitions {
  hours: RangePartitions;
  days: RangePartitions;
}

export const rollupPartitions = (db: Database): RollupPartitions => ({
  hours: new RangePartitions(db, ['rollup_hours', 'hour_figures'], DAYS_A_PARTITION * DAY_HOURS),
  days: new RangePartitions(db, ['rollup_days', 'day_figures'], 12 * DAYS_A_PARTITION),
});

/** Deletes roll-ups past their retention (seconds). */
export async function expireRollups(db: Database, { hours, days }: RollupPartitions, retention: number): Promise<void> {
  const oldest = hourOf(Date.now()) - Math.ceil((retention / S_A_DAY) * DAY_HOURS);
  await hours.dropBefore(oldest);
  await days.dropBefore(Math.floor(oldest / DAY_HOURS));
  await deleteActivityBefore(db, oldest);
  await deleteUnusedNames(db);
}
