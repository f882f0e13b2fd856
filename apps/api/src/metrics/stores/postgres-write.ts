import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { type DecodedField, type DecodedLine, decodeLine } from '../line-protocol/decode-line.ts';
import type { Refusals } from '../line-protocol/refusal.ts';
import type { RobotLines } from '../metrics-store.ts';
import type { Partitions } from './postgres-partitions.ts';

interface Item {
  robotId: number;
  series: number;
  isLog: boolean;
  line: DecodedLine;
}

/** Decodes gathered lines and stores them in a handful of statements, one transaction. */
export class PostgresWriter {
  #db: Database;
  #partitions: Partitions;

  constructor(db: Database, partitions: Partitions) {
    this.#db = db;
    this.#partitions = partitions;
  }

  async write(batch: RobotLines[]): Promise<Refusals[]> {
    const items = batch.flatMap(toItems);
    const metrics = items.filter((item) => !item.isLog);
    const logs = items.filter((item) => item.isLog);
    await this.#partitions.ensure(items.map((item) => BigInt(item.line.time)));
    await this.#db.transaction().execute(async (tx) => {
      if (metrics.length > 0) await pointRows(metrics).execute(tx);
      if (logs.length > 0) await logRows(logs).execute(tx);
    });
    // Types are settled by the catalog, so there is nothing left to refuse.
    return batch.map(() => new Map());
  }
}

function toItems({ robotId, lines, refused }: RobotLines): Item[] {
  return lines.series.flatMap((series, index) =>
    series && !refused.has(index)
      ? [{ robotId, series: series.id, isLog: series.isLog, line: decodeLine(lines.line(index)) }]
      : [],
  );
}

/** Same series and same time: later fields overwrite, others stay, also within one batch. Ordered, so that writers cannot deadlock. */
function pointRows(items: Item[]) {
  const points = new Map<string, { series: number; time: string; fields: Map<string, DecodedField> }>();
  for (const item of items) {
    const key = `${item.series} ${item.line.time}`;
    const point = points.get(key) ?? { series: item.series, time: item.line.time, fields: new Map() };
    for (const [field, value] of item.line.fields) point.fields.set(field, value);
    points.set(key, point);
  }
  const rows = [...points.values()].sort((a, b) => a.series - b.series || (BigInt(a.time) < BigInt(b.time) ? -1 : 1));
  return sql`
      insert into metric_points select s, t, f::jsonb
      from unnest(${rows.map((r) => r.series)}::int[], ${rows.map((r) => r.time)}::bigint[], ${rows.map((r) => fieldsJson(r.fields))}::text[]) as g (s, t, f)
      on conflict (series_id, time) do update set fields = metric_points.fields || excluded.fields`;
}

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
