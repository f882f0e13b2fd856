import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import { assembleTrends, TREND_FIELDS, type Trend } from '../../figures/trends.ts';
import type { TrendsQuery } from '../metrics-store.ts';
import { mean } from './aggregates.ts';

/** One query for the whole fleet. */
export async function queryTrends(db: Db, query: TrendsQuery): Promise<Map<number, Trend>> {
  const { robotIds, from, to, everySeconds } = query;
  const window = BigInt(everySeconds) * 1_000_000_000n;
  const [first, end] = [BigInt(from) * 1_000_000n, BigInt(to) * 1_000_000n];
  const field = sql`case s.measurement when 'cpu' then ${TREND_FIELDS.cpu} when 'mem' then ${TREND_FIELDS.mem}
    when 'disk' then ${TREND_FIELDS.disk} else ${TREND_FIELDS.temp} end`;
  const { rows } = await sql<{
    robotId: number;
    measurement: string;
    tags: Record<string, string>;
    window: number;
    value: number;
  }>`
    select s.robot_id as "robotId", s.measurement, s.tags, p.slot as "window", p.value from metric_series s cross join lateral (
      select slot, ${mean(sql.ref('value'))} as value from (
        select ((time - ${String(first)}::bigint) / ${String(window)}::bigint)::integer as slot, (fields->>(${field}))::float8 as value
        from metric_points where series_id = s.id and time >= ${String(first)}::bigint and time < ${String(end)}::bigint
          and jsonb_typeof(fields->(${field})) = 'number'
        offset 0
      ) points
      group by 1
    ) p
    where s.robot_id = any(${robotIds})
      and (s.measurement in ('mem', 'disk', 'temp') or (s.measurement = 'cpu' and coalesce(s.tags->>'cpu', 'cpu-total') = 'cpu-total'))
  `.execute(db);
  return assembleTrends(rows, Math.round((to - from) / (everySeconds * 1000)));
}
