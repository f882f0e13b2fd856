import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export async function askForPurge(db: Db, robotId: number): Promise<void> {
  await db
    .insertInto('robot_purges')
    .values({ robot_id: robotId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Robots deleted long enough ago that none of their writes can still be in flight. */
export async function listPurges(db: Db): Promise<number[]> {
  const settled = sql<Date>`now() - interval '10 seconds'`;
  return (
    await db
      .selectFrom('robot_purges')
      .select('robot_id')
      .where('requested_at', '<', settled)
      .orderBy('requested_at')
      .limit(20)
      .execute()
  ).map((row) => row.robot_id);
}

export async function postponePurge(db: Db, robotId: number): Promise<void> {
  const now = sql<Date>`now()`;
  await db.updateTable('robot_purges').set({ requested_at: now }).where('robot_id', '=', robotId).execute();
}

export async function finishPurge(db: Db, robotId: number): Promise<void> {
  await db.deleteFrom('robot_purges').where('robot_id', '=', robotId).execute();
}
