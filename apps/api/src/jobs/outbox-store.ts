import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface Waiting<Payload> {
  id: string;
  payload: Payload;
}

export async function insertWaiting(tx: Db, kind: string, payloads: readonly object[]): Promise<void> {
  const texts = payloads.map((payload) => JSON.stringify(payload));
  await sql`
    insert into outbox (kind, payload) select ${kind}, payload from unnest(${texts}::jsonb[]) as payload`.execute(tx);
}

/** Due messages, oldest first, skipping those another replica is delivering; locked until the transaction ends. */
export async function takeDue<Payload>(tx: Db, kind: string, limit: number): Promise<Waiting<Payload>[]> {
  const { rows } = await sql<Waiting<Payload>>`
    select id, payload from outbox where kind = ${kind} and due_at <= now()
    order by due_at, id limit ${limit} for update skip locked`.execute(tx);
  return rows;
}

export async function deleteDelivered(tx: Db, ids: string[]): Promise<void> {
  await sql`delete from outbox where id = any(${ids}::bigint[])`.execute(tx);
}

/** Exponential backoff, from one second to an hour. */
export async function postpone(db: Db, ids: string[], why: string): Promise<void> {
  await sql`
    update outbox set attempts = attempts + 1, last_error = ${why},
      due_at = now() + make_interval(secs => least(3600, power(2, least(attempts, 12))))
    where id = any(${ids}::bigint[])`.execute(db);
}
