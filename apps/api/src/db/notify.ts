import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * NOTIFY in one statement, sent when the surrounding transaction commits. @param payloads less than 8,000 bytes each
 */
export async function notify(db: Db, channel: string, payloads: string[]): Promise<void> {
  await sql`select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) as payload`.execute(db);
}
