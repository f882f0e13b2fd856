import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { type DeviceSeen, SAME_START_MS } from './device.ts';

/** A device that has reported with a robot's token lately. */
export interface KnownDevice {
  device: string;
  booted_at: Date | null;
  address: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  /** How often it was back after another one had reported, in short succession; and when last. */
  returns: number;
  returned_at: Date | null;
}

const MOST_DEVICES = 8;
/** Begins the name of a device that does not tell its boot. */
const SINCE = 'since ';

export const isBoot = (device: string) => !device.startsWith(SINCE);
export const keyOf = ({ boot, bootedAt }: DeviceSeen) => boot ?? `${SINCE}${new Date(bootedAt ?? 0).toISOString()}`;

/** Locks the robot's devices for a change. @returns undefined when the robot has been deleted */
export async function lockDevices(tx: Db, robotId: number): Promise<KnownDevice[] | undefined> {
  const seen = tx.selectFrom('robot_presence').select('robot_id').where('robot_id', '=', robotId).forUpdate();
  if (!(await seen.executeTakeFirst())) return undefined;
  return tx.selectFrom('robot_devices').selectAll().where('robot_id', '=', robotId).orderBy('last_seen_at').execute();
}

/**
 * Adds devices that are new to their robots, all in one statement: after a power cut the whole fleet has new ones.
 * @returns the robots whose device was new
 */
export async function insertNewDevices(db: Db, seen: readonly { robotId: number; device: DeviceSeen }[]) {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const { rows } = await sql<{ robot_id: number }>`
    insert into robot_devices (robot_id, device, booted_at, address, first_seen_at, last_seen_at)
    select robots.id, seen.device, booted, address, at, at from unnest(
      ${seen.map(({ robotId }) => robotId)}::int[], ${seen.map(({ device }) => keyOf(device))}::text[],
      ${seen.map(({ device }) => iso(device.bootedAt))}::timestamptz[],
      ${seen.map(({ device }) => device.address)}::text[], ${seen.map(({ device }) => iso(device.at))}::timestamptz[]
    ) as seen (robot_id, device, booted, address, at) join robots on robots.id = seen.robot_id
    where not exists (
      select from robot_devices known where known.robot_id = seen.robot_id and starts_with(known.device, ${SINCE})
        and starts_with(seen.device, ${SINCE})
        and abs(extract(epoch from known.booted_at - booted)) < ${SAME_START_MS / 1000}
    ) order by robots.id on conflict do nothing returning robot_id`.execute(db);
  const ids = rows.map(({ robot_id }) => robot_id);
  if (ids.length > 0)
    await sql`
      delete from robot_devices using (
        select robot_id, device, row_number() over (partition by robot_id order by last_seen_at desc) as place
        from robot_devices where robot_id = any(${ids}::int[])
      ) as known where place > ${MOST_DEVICES}
        and robot_devices.robot_id = known.robot_id and robot_devices.device = known.device`.execute(db);
  return new Set(ids);
}

/** Replaces the robot's devices by those seen last. */
export async function saveDevices(tx: Db, robotId: number, devices: readonly KnownDevice[]): Promise<void> {
  const newest = [...devices].sort((a, b) => Number(b.last_seen_at) - Number(a.last_seen_at)).slice(0, MOST_DEVICES);
  await tx.deleteFrom('robot_devices').where('robot_id', '=', robotId).execute();
  const rows = newest.map((device) => ({ ...device, robot_id: robotId }));
  if (rows.length > 0) await tx.insertInto('robot_devices').values(rows).execute();
}

/** Notes that devices take turns. @returns the robot if that is news */
export async function noteClones(tx: Db, robotId: number) {
  const { rows } = await sql<{ is_news: boolean }>`
    insert into robot_clones as known (robot_id) values (${robotId})
    on conflict (robot_id) do update set seen_at = now() returning xmax = 0 as is_news`.execute(tx);
  if (!rows[0]?.is_news) return undefined;
  return tx.selectFrom('robots').select(['id', 'name', 'owner_id']).where('id', '=', robotId).executeTakeFirst();
}

/** Forgets what is known of the devices that report as a robot, whose hardware or token has changed. */
export async function forgetDevices(db: Db, robotId: number): Promise<void> {
  const unknown = { clock_skew_ms: null, agent_version: null, device: null, booted_at: null };
  await db.updateTable('robot_presence').set(unknown).where('robot_id', '=', robotId).execute();
  await db.deleteFrom('robot_devices').where('robot_id', '=', robotId).execute();
  await db.deleteFrom('robot_clones').where('robot_id', '=', robotId).execute();
}

/** Copies that have not been noticed for a day are over. */
export async function deleteOldDevices(db: Db): Promise<void> {
  const aDayAgo = sql<Date>`now() - interval '1 day'`;
  await db.deleteFrom('robot_devices').where('last_seen_at', '<', aDayAgo).execute();
  await db.deleteFrom('robot_clones').where('seen_at', '<', aDayAgo).execute();
}
