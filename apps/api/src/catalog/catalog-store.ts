import { sql } from 'kysely';
import type { Database, Db } from '../db/schema.ts';
import type { FieldType } from '../figures/index.ts';

export interface SeriesRow {
  robot_id: number;
  measurement: string;
  /** JSON object of the point's own tags. */
  tags: string;
}
export interface FieldKey {
  robot_id: number;
  measurement: string;
  field: string;
}
export interface FieldRow extends FieldKey {
  type: FieldType;
}

const columns = <Row, Key extends keyof Row>(rows: Row[], key: Key) => rows.map((row) => row[key]);
const givenSeries = (rows: SeriesRow[]) =>
  sql`unnest(${columns(rows, 'robot_id')}::int[], ${columns(rows, 'measurement')}::text[], ${columns(rows, 'tags')}::text[]) with ordinality as g (robot_id, measurement, tags, ord)`;
const givenFields = (rows: FieldRow[]) =>
  sql`unnest(${columns(rows, 'robot_id')}::int[], ${columns(rows, 'measurement')}::text[], ${columns(rows, 'field')}::text[], ${columns(rows, 'type')}::text[]) with ordinality as g (robot_id, measurement, field, type, ord)`;

/** Series and fields these robots used in the last `seconds`; older ones may be deleted at any time. */
export async function loadCatalog(db: Db, robotIds: readonly number[], seconds: number) {
  const recent = sql`robot_id = any(${robotIds}::int[]) and last_seen_at > now() - make_interval(secs => ${seconds})`;
  const series = await sql<{ id: number; robot_id: number; measurement: string; tags: Record<string, string> }>`
    select id, robot_id, measurement, tags from metric_series where ${recent}`.execute(db);
  const fields = await sql<FieldRow>`
    select robot_id, measurement, field, type from metric_fields where ${recent}`.execute(db);
  return { series: series.rows, fields: fields.rows };
}

/**
 * Inserts missing rows and marks the others as in use. Every caller passes rows in the same order, so that concurrent
 * inserts cannot deadlock. @returns ids by index in `rows`; none for a deleted robot
 */
export async function ensureSeries(db: Db, rows: SeriesRow[]): Promise<Map<number, number>> {
  const added = await sql<{ ord: string; id: number }>`
    with given as materialized (
      select g.*, g.tags::jsonb as json from ${givenSeries(rows)} join robots on robots.id = g.robot_id
    ), added as (
      insert into metric_series (robot_id, measurement, tags) select robot_id, measurement, json from given order by ord
      on conflict do nothing returning id, robot_id, measurement, md5(tags::text) as digest
    )
    select given.ord, added.id from given join added using (robot_id, measurement) where added.digest = md5(given.json::text)`.execute(
    db,
  );
  const ids = new Map(added.rows.map(({ ord, id }) => [Number(ord) - 1, id]));
  const others = [...rows.keys()].filter((place) => !ids.has(place));
  if (others.length === 0) return ids;
  const found = await sql<{ ord: string; id: number }>`
    update metric_series s set last_seen_at = now() from ${givenSeries(others.map((place) => rows[place] as SeriesRow))}
    where s.robot_id = g.robot_id and s.measurement = g.measurement and md5(s.tags::text) = md5(g.tags::jsonb::text)
    returning g.ord, s.id`.execute(db);
  for (const { ord, id } of found.rows) ids.set(others[Number(ord) - 1] as number, id);
  return ids;
}

/** Inserts missing rows and marks the others as in use. @returns settled types by index in `rows` */
export async function ensureFields(db: Db, rows: FieldRow[]): Promise<Map<number, FieldType>> {
  const added = await sql<{ ord: string; type: FieldType }>`
    with given as materialized (select g.* from ${givenFields(rows)} join robots on robots.id = g.robot_id), added as (
      insert into metric_fields (robot_id, measurement, field, type) select robot_id, measurement, field, type from given order by ord
      on conflict do nothing returning robot_id, measurement, field, type
    )
    select given.ord, added.type from given join added using (robot_id, measurement, field)`.execute(db);
  const types = new Map(added.rows.map(({ ord, type }) => [Number(ord) - 1, type]));
  const others = [...rows.keys()].filter((place) => !types.has(place));
  if (others.length === 0) return types;
  const found = await sql<{ ord: string; type: FieldType }>`
    update metric_fields f set last_seen_at = now() from ${givenFields(others.map((place) => rows[place] as FieldRow))}
    where f.robot_id = g.robot_id and f.measurement = g.measurement and f.field = g.field
    returning g.ord, f.type`.execute(db);
  for (const { ord, type } of found.rows) types.set(others[Number(ord) - 1] as number, type);
  return types;
}

/** Updated at most every half hour, which is precise enough even for the shortest retention, an hour plus a day. */
const stale = sql`last_seen_at < now() - interval '30 minutes'`;

export async function touchSeries(db: Db, ids: number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`update metric_series set last_seen_at = now() where id = any(${ids}::int[]) and ${stale}`.execute(db);
}

export async function touchFields(db: Db, rows: FieldKey[]): Promise<void> {
  if (rows.length === 0) return;
  const given = rows.map((row) => ({ ...row, type: 'float' as const }));
  await sql`
    update metric_fields f set last_seen_at = now() from ${givenFields(given)}
    where f.robot_id = g.robot_id and f.measurement = g.measurement and f.field = g.field and ${stale}`.execute(db);
}

/** Deletes series and fields whose last point is past its retention. */
export async function deleteUnseen(db: Database, seconds: number): Promise<void> {
  await sql`delete from metric_series where last_seen_at < now() - make_interval(secs => ${seconds})`.execute(db);
  await sql`delete from metric_fields where last_seen_at < now() - make_interval(secs => ${seconds})`.execute(db);
}

export async function deleteCatalogOf(db: Db, robotId: number): Promise<void> {
  await sql`delete from metric_fields where robot_id = ${robotId}`.execute(db);
  await sql`delete from metric_series where robot_id = ${robotId}`.execute(db);
}

/** Measurements of a robot, with their fields and types. */
export async function listFields(db: Db, robotId: number) {
  const rows = await db
    .selectFrom('metric_fields')
    .select(['measurement', 'field', 'type'])
    .where('robot_id', '=', robotId)
    .orderBy('measurement')
    .orderBy('field')
    .execute();
  return [...Map.groupBy(rows, (row) => row.measurement)].map(([measurement, fields]) => ({
    measurement,
    fields: fields.map(({ field, type }) => ({ field, type: type as FieldType })),
  }));
}
