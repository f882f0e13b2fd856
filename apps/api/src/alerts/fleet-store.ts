import { sql } from 'kysely';
import type { Db, RobotStatus } from '../db/schema.ts';

/** A robot that may be judged: paired, and accepted. */
export interface WatchedRobot {
  id: number;
  ownerId: number | null;
  status: RobotStatus;
  /** When it was last heard of, milliseconds since 1970; null when never. */
  seenAt: number | null;
  /** Milliseconds by which its clock is ahead. */
  skewMs: number | null;
  /** Whether several devices report as this robot. */
  isCopied: boolean;
  labels: Record<string, string> | null;
}

/** While a robot's times are corrected on arrival, its clock differs by as much as they are moved. */
const CORRECTED_LATELY = sql`interval '2 minutes'`;

type Packed = [
  ...[id: number, ownerId: number | null, status: RobotStatus, seenAt: number | null, skewMs: number | null],
  ...[isCopied: boolean, labels: Record<string, string> | null],
];

/** The whole fleet, as one value: ten thousand rows would take several times as long. Deactivated robots are left out. */
export async function readFleet(db: Db): Promise<WatchedRobot[]> {
  const { rows } = await sql<{ robots: string }>`
    select coalesce(json_agg(json_build_array(
      r.id, r.owner_id, r.status, floor(extract(epoch from coalesce(p.seen_at, r.last_seen_at)) * 1000), coalesce(k.skew_ms, p.clock_skew_ms),
      c.robot_id is not null, case when r.labels <> '{}' then r.labels end
    )), '[]')::text as robots
    from robots r left join robot_presence p on p.robot_id = r.id left join robot_clones c on c.robot_id = r.id
    left join (
      select distinct on (robot_id) robot_id, -shift_ms as skew_ms from robot_clocks
      where corrected_at > now() - ${CORRECTED_LATELY} order by robot_id, corrected_at desc
    ) k on k.robot_id = r.id
    where r.status in ('active', 'error')`.execute(db);
  return (JSON.parse(rows[0]?.robots ?? '[]') as Packed[]).map(
    ([id, ownerId, status, seenAt, skewMs, isCopied, labels]) => ({
      ...{ id, ownerId, status, seenAt, skewMs, isCopied, labels },
    }),
  );
}

/** Days until the first of each robot's disks is full; null when none will be. */
export async function daysToFull(db: Db, robotIds: number[]): Promise<Map<number, number | null>> {
  const { rows } = await sql<{ robot_id: number; days: number | null }>`
    select robot_id, min(days_to_full)::float8 as days from robot_disks
    where robot_id = any(${robotIds}::int[]) group by 1`.execute(db);
  return new Map(rows.map(({ robot_id, days }) => [robot_id, days]));
}

/** Those of the robots that have ever sent the measurement. */
export async function knownToSend(db: Db, robotIds: number[], measurement: string): Promise<Set<number>> {
  const { rows } = await sql<{ robot_id: number }>`
    select robot_id from unnest(${robotIds}::int[]) as asked (robot_id)
    where exists (select from metric_series s where s.robot_id = asked.robot_id and s.measurement = ${measurement})`.execute(
    db,
  );
  return new Set(rows.map(({ robot_id }) => robot_id));
}
