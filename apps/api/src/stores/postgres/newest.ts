import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { NewestValue } from '../../figures/index.ts';
import type { NewestQuery } from '../metrics-store.ts';
import { ns } from './nanoseconds.ts';
import { selectedSeries } from './selected-series.ts';

/** One index look-up per series and field. */
export async function queryNewest(db: Db, { robotIds, selectors, since }: NewestQuery): Promise<NewestValue[]> {
  const { rows } = await sql<NewestValue>`
    select s.robot_id as "robotId", sel.measurement, sel.field, s.tags, p.value, (p.time / 1000000)::float8 as time
    from ${selectedSeries(robotIds, selectors)}
    cross join lateral (
      select time, (fields->>(sel.field))::float8 as value from metric_points
      where series_id = s.id and time > ${ns(since)}::bigint and jsonb_typeof(fields->(sel.field)) = 'number'
      order by time desc limit 1
    ) p`.execute(db);
  return rows;
}
