import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Database } from '../../db/schema.ts';
import { type DecodedField, type DecodedLine, decodeLine } from '../decode-line.ts';
import type { FieldType } from '../field-value.ts';
import type { Refusal, RobotLines } from '../metrics-store.ts';
import type { Partitions } from './postgres-partitions.ts';

interface Item {
  robotId: number;
  index: number;
  line: DecodedLine;
  tags: string;
}

const LOGS = 'syslog';

/** Decodes gathered lines and stores them in a handful of statements, one transaction. */
export class PostgresWriter {
  #db: Database;
  #partitions: Partitions;
  /** Series ids and field types never change while a robot exists, so they may be remembered. */
  #seriesIds = new LRUCache<string, number>({ max: 200_000 });
  #fieldTypes = new LRUCache<string, FieldType>({ max: 200_000 });

  constructor(db: Database, partitions: Partitions) {
    this.#db = db;
    this.#partitions = partitions;
  }

  async write(batch: RobotLines[]): Promise<Refusal[][]> {
    const refusals: Refusal[][] = batch.map(() => []);
    const items = batch.flatMap(({ robotId, lines }, owner) =>
      lines.map((bytes, index) => {
        const line = decodeLine(bytes);
        return { robotId, owner, index, line, tags: JSON.stringify(line.tags) };
      }),
    );
    await this.#learnFieldTypes(items);
    const good = items.filter((item) => {
      const reason = this.#conflict(item);
      if (reason) refusals[item.owner]?.push({ index: item.index, reason });
      return !reason;
    });
    const metrics = good.filter((item) => item.line.measurement !== LOGS);
    const logs = good.filter((item) => item.line.measurement === LOGS);
    await this.#learnSeries(metrics);
    await this.#partitions.ensure(good.map((item) => BigInt(item.line.time)));
    await this.#db.transaction().execute(async (tx) => {
      if (metrics.length > 0) await this.#pointRows(metrics).execute(tx);
      if (logs.length > 0) await logRows(logs).execute(tx);
    });
    return refusals;
  }

  forget(robotId: number): void {
    for (const cache of [this.#seriesIds, this.#fieldTypes]) {
      for (const key of cache.keys()) if (key.startsWith(`${robotId}\n`)) cache.delete(key);
    }
  }

  /** As in InfluxDB, the first value of a field settles its type; here for each robot by itself. */
  async #learnFieldTypes(items: Item[]): Promise<void> {
    const unknown = new Map<string, [number, string, string, FieldType]>();
    for (const { robotId, line } of items) {
      for (const [field, { type }] of line.fields) {
        const key = fieldKey(robotId, line.measurement, field);
        if (!this.#fieldTypes.has(key) && !unknown.has(key)) unknown.set(key, [robotId, line.measurement, field, type]);
      }
    }
    if (unknown.size === 0) return;
    const rows = [...unknown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    const columns = [0, 1, 2, 3].map((column) => rows.map((row) => row[column]));
    const { rows: known } = await sql<{ robot_id: number; measurement: string; field: string; type: FieldType }>`
      with given as (select * from unnest(${columns[0]}::int[], ${columns[1]}::text[], ${columns[2]}::text[], ${columns[3]}::text[]) as g (robot_id, measurement, field, type)),
      added as (insert into metric_fields select * from given on conflict do nothing returning *)
      select * from added union all
      select f.* from metric_fields f join given g using (robot_id, measurement, field)`.execute(this.#db);
    for (const row of known) this.#fieldTypes.set(fieldKey(row.robot_id, row.measurement, row.field), row.type);
    // A row that another replica added meanwhile is in neither half: it is read at the next write of that field.
  }

  #conflict({ robotId, line }: Item): string | undefined {
    for (const [field, { type }] of line.fields) {
      const settled = this.#fieldTypes.get(fieldKey(robotId, line.measurement, field));
      if (settled && settled !== type) return `field "${field}" of "${line.measurement}" is ${settled}, not ${type}`;
    }
    return undefined;
  }

  async #learnSeries(items: Item[]): Promise<void> {
    const unknown = new Map<string, Item>();
    for (const item of items) if (!this.#seriesIds.has(seriesKey(item))) unknown.set(seriesKey(item), item);
    if (unknown.size === 0) return;
    const rows = [...unknown].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
    const given = sql`unnest(${rows.map((r) => r.robotId)}::int[], ${rows.map((r) => r.line.measurement)}::text[], ${rows.map((r) => r.tags)}::text[]) as g (robot_id, measurement, tags)`;
    await sql`insert into metric_series (robot_id, measurement, tags) select robot_id, measurement, tags::jsonb from ${given} on conflict do nothing`.execute(
      this.#db,
    );
    const { rows: known } = await sql<{ id: number; robot_id: number; measurement: string; given: string }>`
      select s.id, s.robot_id, s.measurement, g.tags as given from ${given}
      join metric_series s on s.robot_id = g.robot_id and s.measurement = g.measurement and md5(s.tags::text) = md5(g.tags::jsonb::text)`.execute(
      this.#db,
    );
    for (const row of known) this.#seriesIds.set(`${row.robot_id}\n${row.measurement}\n${row.given}`, row.id);
  }

  /** Same series and same time: later fields overwrite, others stay, also within one batch. Ordered, so that writers cannot deadlock. */
  #pointRows(items: Item[]) {
    const points = new Map<string, { series: number; time: string; fields: Map<string, DecodedField> }>();
    for (const item of items) {
      const series = this.#seriesIds.get(seriesKey(item));
      if (series === undefined) throw new Error('a series was purged while it was written to');
      const key = `${series} ${item.line.time}`;
      const point = points.get(key) ?? { series, time: item.line.time, fields: new Map() };
      for (const [field, value] of item.line.fields) point.fields.set(field, value);
      points.set(key, point);
    }
    const rows = [...points.values()].sort((a, b) => a.series - b.series || (BigInt(a.time) < BigInt(b.time) ? -1 : 1));
    return sql`
      insert into metric_points select s, t, f::jsonb
      from unnest(${rows.map((r) => r.series)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => fieldsJson(r.fields))}::text[]) as g (s, t, f)
      on conflict (series_id, time) do update set fields = metric_points.fields || excluded.fields`;
  }
}

const fieldKey = (robotId: number, measurement: string, field: string) => `${robotId}\n${measurement}\n${field}`;
const seriesKey = (item: Item) => `${item.robotId}\n${item.line.measurement}\n${item.tags}`;

/** By hand, because JSON.stringify cannot write a 64-bit integer. */
function fieldsJson(fields: Map<string, DecodedField>): string {
  const pairs = [...fields].map(([name, { type, value }]) => {
    const isNumber = type === 'integer' || type === 'unsigned';
    return `${JSON.stringify(name)}:${isNumber ? BigInt(value as string) : JSON.stringify(value)}`;
  });
  return `{${pairs.join(',')}}`;
}

/** The digest is part of the key: entries of the same instant stay apart, a retried one is not doubled. */
function logRows(items: Item[]) {
  const rows = items.map(({ robotId, line }) => {
    const read = (field: string) => (line.fields.has(field) ? String(line.fields.get(field)?.value) : null);
    const [level, program, message] = [read('level'), read('program'), read('message') ?? ''];
    const digest = createHash('md5')
      .update(JSON.stringify([level, program, message, line.tags]))
      .digest('base64url');
    return { robotId, time: line.time, digest, level, program, message };
  });
  rows.sort((a, b) => a.robotId - b.robotId || (a.time + a.digest < b.time + b.digest ? -1 : 1));
  return sql`
    insert into log_entries (robot_id, time, digest, level, program, message)
    select * from unnest(${rows.map((r) => r.robotId)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => r.digest)}::text[],
      ${rows.map((r) => r.level)}::text[], ${rows.map((r) => r.program)}::text[], ${rows.map((r) => r.message)}::text[])
    on conflict do nothing`;
}
