import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { Selector } from '../../figures/index.ts';

export interface SelectedChannel {
  id: number;
  robotId: number;
  measurement: string;
  field: string;
  tags: Record<string, string>;
  /** Whether the series has been in use about as lately as the robot's others. */
  isInUse: boolean;
}

/** The catalog notes about once an hour which series are in use. */
const NOTED_WITHIN = '4 hours';

/** These robots' selected fields, one for each of their series, by id. */
export async function selectedChannels(
  db: Db,
  robotIds: number[],
  selectors: Selector[],
): Promise<Map<number, SelectedChannel>> {
  const { rows } = await sql<SelectedChannel>`
    select c.id, s.robot_id as "robotId", s.measurement, c.field, s.tags,
      s.last_seen_at > max(s.last_seen_at) over (partition by s.robot_id) - ${NOTED_WITHIN}::interval as "isInUse"
    from metric_series s join unnest(
      ${selectors.map(({ measurement }) => measurement)}::text[], ${selectors.map(({ field }) => field)}::text[],
      ${selectors.map(({ total }) => total?.tag ?? null)}::text[], ${selectors.map(({ total }) => total?.value ?? null)}::text[]
    ) as sel (measurement, field, tag, value)
      on s.robot_id = any(${robotIds}::int[]) and s.measurement = sel.measurement
      and (sel.tag is null or coalesce(s.tags->>sel.tag, sel.value) = sel.value)
    join metric_channels c on c.series_id = s.id and c.field = sel.field`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}
