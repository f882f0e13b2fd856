import { sql } from 'kysely';
import type { Db } from './schema.ts';

/** PostgreSQL's NOTIFY, once the surrounding transaction has committed, in one statement. Each payload has less than 8,000 bytes. */
export async function notify(db: Db, channel: string, payloads: string[]): Promise<void> {
  await sql`select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) as payload`.execute(db);
}
