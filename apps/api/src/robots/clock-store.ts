import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** Measured lines wait up to a flush interval in the agent: with this to spare, later reports fit the same shift. */
const WAIT_MS = 10_000;
/** Where boots cannot be told apart, one that goes back this far behind has begun anew. */
const AFRESH_MS = 600_000;
const MOST_BOOTS = 20;

export interface ClockReading {
  robotId: number;
  /** Empty where the agent does not tell. */
  boot: string;
  kind: 'past' | 'future';
  /** The newest time of the robot's clock, and of the server's, milliseconds since 1970. */
  newestMs: number;
  receivedMs: number;
  /** Points older than this cannot be kept, milliseconds. */
  retentionMs: number;
}

/**
 * By how much a boot's wrong times are moved, milliseconds. The same for every report of the boot, so that one sent twice
 * is stored once; it changes only when a time would come to lie in the future, or the clock went wrong anew.
 */
export async function shiftOf(db: Db, reading: ClockReading): Promise<number> {
  const { robotId, boot, kind, newestMs, receivedMs, retentionMs } = reading;
  const newest = Math.floor(newestMs);
  const shifted = sql`(excluded.newest_ms + known.shift_ms)`;
  const isAfresh = sql`(${shifted} < ${receivedMs - retentionMs}::bigint
    or known.boot = '' and excluded.newest_ms <= known.newest_ms and ${shifted} < ${receivedMs - AFRESH_MS}::bigint)`;
  const { rows } = await sql<{ shift_ms: string; is_new: boolean }>`
    insert into robot_clocks as known (robot_id, boot, kind, shift_ms, newest_ms)
    values (${robotId}, ${boot}, ${kind}, ${receivedMs - newest - WAIT_MS}::bigint, ${newest}::bigint)
    on conflict (robot_id, boot, kind) do update set
      shift_ms = case when ${isAfresh} or ${shifted} >= ${receivedMs}::bigint then excluded.shift_ms else known.shift_ms end,
      newest_ms = case when ${isAfresh} then excluded.newest_ms else greatest(known.newest_ms, excluded.newest_ms) end,
      corrected_at = now()
    returning shift_ms, xmax = 0 as is_new`.execute(db);
  const [row] = rows;
  if (row?.is_new)
    await sql`
      delete from robot_clocks where robot_id = ${robotId} and (boot, kind) not in (
        select boot, kind from robot_clocks where robot_id = ${robotId} order by corrected_at desc limit ${MOST_BOOTS}
      )`.execute(db);
  return Number(row?.shift_ms);
}

/** After a week no report of such a boot is sent again. */
export async function deleteOldClocks(db: Db): Promise<void> {
  await sql`delete from robot_clocks where corrected_at < now() - interval '7 days'`.execute(db);
}
