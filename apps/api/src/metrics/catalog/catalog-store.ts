import { sql } from 'kysely';
import type { Database, Db } from '../../db/schema.ts';
import type { FieldType } from '../line-protocol/field-value.ts';

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
  sql`unnest(${columns(rows, 'robot_id')}::int[], ${columns(rows, 'measurement')}::text[], ${columns(rows, 'tags')}::text[]) as g (robot_id, measurement, tags)`;
const givenFields = (rows: FieldRow[]) =>
  sql`unnest(${columns(rows, 'robot_id')}::int[], ${columns(rows, 'measurement')}::text[], ${columns(rows, 'field')}::text[], ${columns(rows, 'type')}::text[]) as g (robot_id, measurement, field, type)`;

/** The ids of those that exist, as (robot, measurement, tags as given). */
export async function findSeries(db: Db, rows: SeriesRow[]) {
  const found = await sql<SeriesRow & { id: number }>`
    select s.id, g.robot_id, g.measurement, g.tags from ${givenSeries(rows)}
    join metric_series s on s.robot_id = g.robot_id and s.measurement = g.measurement and md5(s.tags::text) = md5(g.tags::jsonb::text)`.execute(
    db,
  );
  return found.rows;
}

export async function insertSeries(db: Db, rows: SeriesRow[]): Promise<void> {
  await sql`
    insert into metric_series (robot_id, measurement, tags)
    select robot_id, measurement, tags::jsonb from ${givenSeries(rows)} on conflict do nothing`.execute(db);
}

export async function findFields(db: Db, rows: FieldRow[]): Promise<FieldRow[]> {
  const found = await sql<FieldRow>`
    select f.robot_id, f.measurement, f.field, f.type from ${givenFields(rows)}
    join metric_fields f on f.robot_id = g.robot_id and f.measurement = g.measurement and f.field = g.field`.execute(
    db,
  );
  return found.rows;
}

export async function insertFields(db: Db, rows: FieldRow[]): Promise<void> {
  await sql`
    insert into metric_fields (robot_id, measurement, field, type)
    select robot_id, measurement, field, type from ${givenFields(rows)} on conflict do nothing`.execute(db);
}

/** How many each of these robots has. */
export async function countPerRobot(db: Db, table: 'metric_series' | 'metric_fields', robotIds: number[]) {
  const rows = await db
    .selectFrom(table)
    .select(['robot_id', (eb) => eb.fn.countAll<string>().as('count')])
    .where('robot_id', '=', sql<number>`any(${robotIds}::int[])`)
    .groupBy('robot_id')
    .execute();
  return new Map(rows.map(({ robot_id, count }) => [robot_id, Number(count)]));
}

/** Written down once in half an hour at most: enough for a retention of an hour and a day. */
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

/** Those whose last point has outlived its retention. */
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
