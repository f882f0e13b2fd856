import { sql } from 'kysely';
import { decodeCursor, MAX, pageOf, textKey, wholeKey } from '../../db/pagination.ts';
import type { Db } from '../../db/schema.ts';
import { figures } from '../../figures/latest-figures.ts';
import type { Latest } from '../../robots/schemas.ts';
import { rfc3339 } from '../log-time.ts';
import { type LogQuery, MAX_TEXT_BYTES } from '../metrics-store.ts';

export const ns = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);

/** Bytes of a page, as far as its texts go; the first entry always has room. */
const size = sql`octet_length(message) + coalesce(octet_length(program), 0) + coalesce(octet_length(level), 0)`;

export async function queryLogs(db: Db, { robotId, from, to, level, program, q, limit, cursor }: LogQuery) {
  let query = db
    .selectFrom('log_entries')
    .select(['time', 'digest', 'level', 'program', 'message'])
    .where('robot_id', '=', robotId)
    .where('time', '>=', ns(from))
    .where('time', '<', ns(to))
    .orderBy('time', 'desc')
    .orderBy('digest', 'desc')
    .limit(limit + 1);
  if (level?.length)
    query = query.where(
      sql`lower(level)`,
      'in',
      level.map((one) => one.toLowerCase()),
    );
  if (program) query = query.where('program', '=', program);
  if (q) query = query.where('message', 'ilike', `%${q.replace(/[\\%_]/g, '\\$&')}%`);
  const keys = decodeCursor(cursor);
  if (keys) {
    const [time, digest] = [wholeKey(keys[0], MAX.bigint), textKey(keys[1])];
    query = query.where(sql<boolean>`(time, digest) < (${time}::bigint, ${digest})`);
  }
  const { rows } = await sql<LogRow>`
    select time, digest, level, program, message, entries from (
      select found.*, count(*) over () as entries, sum(size) over (order by time desc, digest desc) - size as before
      from (select entry.*, ${size} as size from (${query}) as entry) as found
    ) as sized where before < ${MAX_TEXT_BYTES} order by time desc, digest desc`.execute(db);
  const isWhole = rows.length === Number(rows[0]?.entries ?? 0);
  const { items, next_cursor } = pageOf(
    rows.slice(0, limit),
    !isWhole || rows.length > limit,
    (row) => row.time,
    (row) => row.digest,
  );
  return {
    items: items.map(({ time, level, program, message }) => ({ time: rfc3339(BigInt(time)), level, program, message })),
    next_cursor,
  };
}

interface LogRow {
  time: string;
  digest: string;
  level: string | null;
  program: string | null;
  message: string;
  /** How many were found, whether they fit the page or not. */
  entries: string;
}

/** The fields that the fleet's figures are made of; of text under the same names nothing is read. */
const FIGURES = sql.join(
  ['usage_idle', 'used_percent', 'temp', 'load1', 'uptime'].map(
    (field) => sql`${field}::text, case when jsonb_typeof(fields->${field}) = 'number' then fields->${field} end`,
  ),
);

export async function queryLatest(db: Db, robotIds: number[]): Promise<Map<number, Latest>> {
  const { rows } = await sql<{
    robot_id: number;
    measurement: string;
    tags: Record<string, string>;
    fields: Record<string, number>[];
  }>`
    select s.robot_id, s.measurement, s.tags, p.fields from metric_series s cross join lateral (
      select jsonb_agg(figures order by time desc) as fields from (
        select time, jsonb_strip_nulls(jsonb_build_object(${FIGURES})) as figures from metric_points where series_id = s.id and time > ${ns(Date.now() - 3_600_000)}::bigint order by time desc limit 3
      ) newest
    ) p
    where s.robot_id = any(${robotIds}) and p.fields is not null
      and (s.measurement in ('mem', 'disk', 'temp', 'system') or (s.measurement = 'cpu' and coalesce(s.tags->>'cpu', 'cpu-total') = 'cpu-total'))
  `.execute(db);
  return new Map(
    [...Map.groupBy(rows, (row) => row.robot_id)].map(([id, series]) => [id, figures(series.map(newestFields))]),
  );
}

/** Telegraf's `system` comes in several points of slightly different times: each field where it is newest. */
function newestFields({
  measurement,
  tags,
  fields,
}: {
  measurement: string;
  tags: Record<string, string>;
  fields: object[];
}) {
  return { measurement, tags, fields: Object.assign({}, ...fields.toReversed()) as Record<string, unknown> };
}
