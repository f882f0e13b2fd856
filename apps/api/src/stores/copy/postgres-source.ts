import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { FieldType } from '../../figures/index.ts';
import { eachValue } from '../postgres/cells.ts';
import { int8 } from '../postgres/nanoseconds.ts';
import type { CopiedEntry, CopiedPoint, CopySource, Span } from './source.ts';

interface Channel {
  id: number;
  seriesId: number;
  measurement: string;
  field: string;
  tags: Record<string, string>;
  type: FieldType;
}

/** The points that PostgreSQL keeps, wherever in it. */
export function postgresSource(db: Db): CopySource {
  const channels = cachedOfLast((robotId: number) => channelsOf(db, robotId));
  return {
    async points(robotId, span) {
      const byId = await channels(robotId);
      if (byId.size === 0) return [];
      const others = await otherValues(db, [...byId.keys()], span);
      const exact = new Set(others.map(({ channel, time }) => `${channel} ${time}`));
      const numbers = (await numberValues(db, robotId, [...byId.keys()], span)).filter(
        ({ channel, time }) => !exact.has(`${channel} ${time}`),
      );
      return [...numbers, ...others].flatMap(({ channel, time, value }) => {
        const known = byId.get(channel);
        return known ? [pointOf(known, BigInt(time), value)] : [];
      });
    },
    async entries(robotId, { from, to }): Promise<CopiedEntry[]> {
      const { rows } = await sql<Omit<CopiedEntry, 'tags' | 'time'> & { time: string }>`
        select time::text, coalesce(level, '') as level, coalesce(program, '') as program, message from log_entries
        where robot_id = ${robotId} and time >= ${int8(from)} and time < ${int8(to)}`.execute(db);
      return rows.map((row) => ({ ...row, tags: {}, time: BigInt(row.time) }));
    },
  };
}

/** Hours of the same robot follow one another. */
function cachedOfLast<Result>(read: (robotId: number) => Promise<Result>) {
  let last: { robotId: number; result: Promise<Result> } | undefined;
  return (robotId: number) => {
    if (last?.robotId !== robotId) last = { robotId, result: read(robotId) };
    return last.result;
  };
}

async function channelsOf(db: Db, robotId: number): Promise<Map<number, Channel>> {
  const { rows } = await sql<Channel>`
    select c.id, s.id as "seriesId", s.measurement, c.field, s.tags, f.type
    from metric_series s join metric_channels c on c.series_id = s.id
    join metric_fields f on f.robot_id = s.robot_id and f.measurement = s.measurement and f.field = c.field
    where s.robot_id = ${robotId}`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

interface Value {
  channel: number;
  time: string;
  value: string | number | boolean;
}

async function numberValues(db: Db, robotId: number, channels: number[], { from, to }: Span): Promise<Value[]> {
  const query = { channels, robotOf: channels.map(() => robotId), from, to, origin: from, width: to - from, parts: [] };
  const { rows } = await sql<Value>`
    select channel, time::text, value from (${eachValue(query)}) as each`.execute(db);
  return rows;
}

/** Texts, booleans, and integers that a double does not hold. */
async function otherValues(db: Db, channels: number[], { from, to }: Span): Promise<Value[]> {
  const isWithin = sql`time >= ${int8(from)} and time < ${int8(to)}`;
  const { rows } = await sql<Omit<Value, 'value'> & { kind: string; text: string }>`
    select channel, time::text, jsonb_typeof(value) as kind, value #>> '{}' as text from metric_others
    where channel = any(${channels}::int[]) and ${isWithin}
    union all
    select c.id, p.time::text, jsonb_typeof(p.fields->c.field), p.fields->>c.field
    from metric_channels c join metric_points p on p.series_id = c.series_id
    where c.id = any(${channels}::int[]) and ${isWithin} and jsonb_typeof(p.fields->c.field) in ('string', 'boolean')`.execute(
    db,
  );
  return rows.map(({ channel, time, kind, text }) => ({
    ...{ channel, time, value: kind === 'boolean' ? text === 'true' : text },
  }));
}

function pointOf({ measurement, field, tags, type }: Channel, time: bigint, value: Value['value']): CopiedPoint {
  const isInteger = type === 'integer' || type === 'unsigned';
  return { measurement, field, tags, type, time, value: isInteger ? String(value) : value };
}
