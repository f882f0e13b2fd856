import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** How long a replacement can be undone, hours. */
const UNDO_HOURS = 24;
const now = sql<Date>`now()`;

/** Keeps what the robot's present hardware needs to come back. A robot in status error comes back as active. */
export async function keepHardware(db: Db, robotId: number): Promise<void> {
  await sql`
    insert into robot_replacements
      (robot_id, undo_until, hostname, ip_address, architecture, agent_version, status, influxdb_token)
    select id, now() + make_interval(hours => ${UNDO_HOURS}), hostname, ip_address, architecture, agent_version,
      case status when 'inactive' then status else 'active' end, influxdb_token
    from robots where id = ${robotId} and influxdb_token is not null`.execute(db);
}

/** The hardware before the latest replacement that can still be undone; afterwards it can no longer be taken. */
export async function takeKeptHardware(db: Db, robotId: number) {
  return db
    .deleteFrom('robot_replacements')
    .where('id', '=', (eb) =>
      eb
        .selectFrom('robot_replacements')
        .select(({ fn }) => fn.max('id').as('id'))
        .where('robot_id', '=', robotId)
        .where('undo_until', '>', now),
    )
    .returning(['hostname', 'ip_address', 'architecture', 'agent_version', 'status', 'influxdb_token'])
    .executeTakeFirst();
}

/** A robot whose token was ended can no longer go back to former hardware either. */
export async function dropKeptHardware(db: Db, robotId: number): Promise<void> {
  await db.deleteFrom('robot_replacements').where('robot_id', '=', robotId).execute();
}

/** Deletes the former hardware's tokens whose time is over. */
export async function deleteKeptHardware(db: Db): Promise<void> {
  await db.deleteFrom('robot_replacements').where('undo_until', '<=', now).execute();
}
