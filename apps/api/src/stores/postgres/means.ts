import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { WindowMean } from '../../figures/index.ts';
import type { MeansQuery } from '../metrics-store.ts';
import { mean } from './aggregates.ts';
import { selectedSeries } from './selected-series.ts';

/** One query for all robots. */
export async function queryMeans(db: Db, query: MeansQuery): Promise<WindowMean[]> {
  const { robotIds, selectors, from, to, everySeconds } = query;
  const window = BigInt(everySeconds) * 1_000_000_000n;
  const [first, end] = [BigInt(from) * 1_000_000n, BigInt(to) * 1_000_000n];
  const { rows } = await sql<WindowMean>`
    select s.robot_id as "robotId", sel.measurement, sel.field, s.tags, p.slot as "window", p.value
    from ${selectedSeries(robotIds, selectors)}
    cross join lateral (
      select slot, ${mean(sql.ref('value'))} as value from (
        select ((time - ${String(first)}::bigint) / ${String(window)}::bigint)::integer as slot, (fields->>(sel.field))::float8 as value
        from metric_points where series_id = s.id and time >= ${String(first)}::bigint and time < ${String(end)}::bigint
          and jsonb_typeof(fields->(sel.field)) = 'number'
        offset 0
      ) points
      group by 1
    ) p`.execute(db);
  return rows;
}
