import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { INVENTORY_FIELDS, type Inventory } from './inventory.ts';

export interface ReportedInventory extends Inventory {
  /** Hash of the token that it was reported with. */
  tokenHash: string;
  /** Milliseconds since 1970. */
  at: number;
}

const columns = (table: string) => sql.join(INVENTORY_FIELDS.map((name) => sql.ref(`${table}.${name}`)));
const FIELDS = sql.join(INVENTORY_FIELDS.map((name) => sql.ref(name)));

/**
 * Keeps the inventories that are newer than what is known, of the robots that have the tokens by now. Robots are locked in
 * order, so that concurrent calls cannot deadlock; a robot that is just being given other hardware is waited for.
 */
export async function saveInventories(db: Db, reported: readonly ReportedInventory[]): Promise<void> {
  const texts = INVENTORY_FIELDS.map((name) => sql`${reported.map((one) => one[name])}::text[]`);
  const times = reported.map(({ at }) => new Date(at).toISOString());
  await sql`
    insert into robot_inventories as known (robot_id, ${FIELDS}, at, since)
    select robots.id, ${columns('reported')}, reported.at, reported.at
    from unnest(${reported.map(({ tokenHash }) => tokenHash)}::text[], ${sql.join(texts)}, ${times}::timestamptz[])
      as reported (token, ${FIELDS}, at) join robots on robots.influxdb_token = reported.token
    order by robots.id for key share of robots
    on conflict (robot_id) do update set (${FIELDS}, at, since) = row (${columns('excluded')}, excluded.at, case
      when (${columns('known')}) is not distinct from (${columns('excluded')}) then known.since else excluded.at end)
    where known.at <= excluded.at`.execute(db);
}

/** Of a robot whose hardware has changed. */
export async function forgetInventory(db: Db, robotId: number): Promise<void> {
  await db.deleteFrom('robot_inventories').where('robot_id', '=', robotId).execute();
}

/** Hands on what is known of hardware that is another robot from now on. */
export async function moveInventory(db: Db, from: number, to: number): Promise<void> {
  await db.updateTable('robot_inventories').set({ robot_id: to }).where('robot_id', '=', from).execute();
}
