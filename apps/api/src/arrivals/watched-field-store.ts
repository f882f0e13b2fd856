import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** Values that somebody wants to know of as they arrive: those of a field, in the series that have these tags. */
export interface WatchedField {
  /** Of the robots; null for everybody's. */
  ownerId: number | null;
  measurement: string;
  /** Null for whether there is anything of the measurement at all. */
  field: string | null;
  tags: Record<string, string>;
}

export const keyOf = ({ ownerId, measurement, field, tags }: WatchedField): string =>
  createHash('sha256')
    .update(JSON.stringify([ownerId, measurement, field, Object.entries(tags).sort()]))
    .digest('base64url');

/** Those that nobody asked for lately are not watched any more. Some are asked for every few minutes only. */
const IDLE = sql`interval '30 minutes'`;
/** Of all people together; others' values come from the metrics store. */
const MAX_WATCHED = 20_000;

/** Watches them from now on. @returns those that are watched, by key, with the milliseconds since they have been */
export async function watchFields(db: Db, fields: WatchedField[]): Promise<Map<string, { id: number; ageMs: number }>> {
  const json = JSON.stringify(fields.map((field) => ({ ...field, key: keyOf(field) })));
  await sql`update watched_fields set asked_at = now() where key = any(${fields.map(keyOf)}::text[])`.execute(db);
  await sql`
    insert into watched_fields (key, owner_id, measurement, field, tags)
    select key, "ownerId", measurement, field, tags
    from jsonb_to_recordset(${json}::jsonb) as f (key text, "ownerId" int, measurement text, field text, tags jsonb)
    where (select count(*) from watched_fields) < ${MAX_WATCHED}
      and not exists (select from watched_fields w where w.key = f.key)
      and ("ownerId" is null or exists (select from users where id = "ownerId"))
    order by key
    on conflict (key) do update set asked_at = now()`.execute(db);
  const { rows } = await sql<{ key: string; id: number; age: number }>`
    select key, id, (extract(epoch from now() - created_at) * 1000)::float8 as age
    from watched_fields where key = any(${fields.map(keyOf)}::text[])`.execute(db);
  return new Map(rows.map(({ key, id, age }) => [key, { id, ageMs: age }]));
}

export async function deleteUnwatched(db: Db): Promise<void> {
  await sql`delete from watched_fields where asked_at < now() - ${IDLE}`.execute(db);
}

/** Changes when any is added or removed. */
export async function versionOfWatched(db: Db): Promise<string> {
  const { rows } = await sql<{ version: string }>`
    select coalesce(max(id), 0) || ' ' || count(*) as version from watched_fields`.execute(db);
  return rows[0]?.version ?? '';
}

export async function listWatchedFields(db: Db): Promise<(WatchedField & { id: number })[]> {
  const { rows } = await sql<WatchedField & { id: number }>`
    select id, owner_id as "ownerId", measurement, field, tags from watched_fields order by id`.execute(db);
  return rows;
}
