import { sql } from 'kysely';
import type { Architecture, Db, RobotStatus } from '../db/schema.ts';
import { askForPurge } from './purge-store.ts';

export async function insertPendingRobot(
  db: Db,
  robot: {
    name: string;
    hostname: string;
    ip_address: string;
    architecture: Architecture | null;
    agent_version: string | null;
  },
) {
  const { id } = await db
    .insertInto('robots')
    .values({
      ...robot,
      last_seen_at: null,
      first_write_at: null,
      influxdb_token: null,
      former_token: null,
      former_token_refused_at: null,
      owner_id: null,
      error_reason: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A computer that a robot runs on. */
export interface Hardware {
  hostname: string;
  ip_address: string | null;
  architecture: Architecture | null;
  agent_version: string | null;
}

/** The hardware of a robot that has not been confirmed yet. */
export function findPendingHardware(db: Db, id: number): Promise<Hardware | undefined> {
  return db
    .selectFrom('robots')
    .select(['hostname', 'ip_address', 'architecture', 'agent_version'])
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .executeTakeFirst();
}

/** Adds a robot for hardware that holds a token already. @returns its id */
export async function insertPairedRobot(
  db: Db,
  robot: Hardware & { owner_id: number | null; influxdb_token: string | null; status: RobotStatus },
): Promise<number> {
  const unset = { last_seen_at: null, first_write_at: null, former_token: null, former_token_refused_at: null };
  const { id } = await db
    .insertInto('robots')
    .values({ ...unset, ...robot, name: robot.hostname, error_reason: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Puts a robot onto other hardware. @param former the previous hardware's token, to notice that it still reports */
export async function giveHardware(
  db: Db,
  id: number,
  hardware: Hardware & { status: RobotStatus; influxdb_token: string },
  former: string | null,
): Promise<void> {
  const change = { ...hardware, error_reason: null, former_token: former, former_token_refused_at: null };
  await db.updateTable('robots').set(change).where('id', '=', id).execute();
}

export interface RobotUpdate {
  name?: string;
  status?: RobotStatus;
  owner_id?: number | null;
  influxdb_token?: string | null;
  error_reason?: string | null;
  labels?: Record<string, string>;
}

export async function updateRobot(db: Db, id: number, change: RobotUpdate): Promise<void> {
  const { labels, ...columns } = change;
  const set = { ...columns, ...(labels && { labels: JSON.stringify(labels) }) };
  if (Object.values(set).some((value) => value !== undefined))
    await db.updateTable('robots').set(set).where('id', '=', id).execute();
}

/** Keeps the previous token's hash, in order to detect when it is still being used. */
export async function replaceToken(db: Db, id: number, tokenHash: string | null): Promise<void> {
  const former_token = sql.ref<string | null>('influxdb_token');
  const change = { influxdb_token: tokenHash, former_token, former_token_refused_at: null };
  await db.updateTable('robots').set(change).where('id', '=', id).execute();
}

/** Records refusals of robots' previous tokens, at most once a minute per robot. */
export async function noteFormerTokens(db: Db, tokenHashes: string[]): Promise<void> {
  await sql`update robots set former_token_refused_at = now() where former_token = any(${tokenHashes}::text[])
    and (former_token_refused_at is null or former_token_refused_at < now() - interval '1 minute')`.execute(db);
}

/** Records robots' first writes. Locks rows in order, so that concurrent calls cannot deadlock. */
export async function noteFirstWrites(db: Db, ids: readonly number[]): Promise<void> {
  await sql`
    update robots set first_write_at = now() where first_write_at is null and id in (
      select id from robots where id = any(${ids}::int[]) order by id for update
    )`.execute(db);
}

/** Updates last_seen_at, to the minute, for those who query robots with SQL. @param seen sorted by id */
export async function touchRobots(db: Db, seen: { id: number; at: Date }[]): Promise<void> {
  await sql`
    update robots set last_seen_at = seen.at
    from unnest(${seen.map(({ id }) => id)}::int[], ${seen.map(({ at }) => at.toISOString())}::timestamptz[]) as seen (id, at)
    where robots.id = seen.id and (last_seen_at is null or last_seen_at < seen.at - interval '1 minute')`.execute(db);
}

/**
 * Changes the status only if it is still `from` and the token is still the same, so that it never overrides an owner
 * who has deactivated the robot or rotated its token. @returns the owner, or undefined when nothing changed
 */
export async function changeReportStatus(
  db: Db,
  { id, tokenHash, from, to, reason }: ReportStatusChange,
): Promise<{ owner_id: number | null } | undefined> {
  return db
    .updateTable('robots')
    .set({ status: to, error_reason: reason })
    .where('id', '=', id)
    .where('influxdb_token', '=', tokenHash)
    .where('status', '=', from)
    .returning('owner_id')
    .executeTakeFirst();
}

export interface ReportStatusChange {
  id: number;
  tokenHash: string;
  from: 'active' | 'error';
  to: 'active' | 'error';
  /** Why its reports are refused; shown to its owner. */
  reason: string | null;
}

/** Deletes the robot's row; a job purges the metrics later. */
export async function deleteRobot(db: Db, id: number): Promise<void> {
  await db.deleteFrom('robots').where('id', '=', id).execute();
  await askForPurge(db, id);
}

export async function releaseRobots(db: Db, ownerId: number): Promise<number> {
  const released = await db
    .updateTable('robots')
    .set({ owner_id: null })
    .where('owner_id', '=', ownerId)
    .executeTakeFirst();
  return Number(released.numUpdatedRows);
}

/** Deletes those of the robots that were never confirmed. */
export async function deletePendingRobots(db: Db, ids: number[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('robots').where('id', 'in', ids).where('status', '=', 'pending').execute();
}
