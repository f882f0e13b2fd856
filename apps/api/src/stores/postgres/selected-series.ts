import { sql } from 'kysely';
import type { Selector } from '../../figures/index.ts';

/**
 * These robots' selected series, as rows `s` (metric_series) and `sel` (`measurement`, `field`): one row per series and
 * selected field.
 */
export const selectedSeries = (robotIds: number[], selectors: Selector[]) => sql`
  metric_series s join unnest(
    ${selectors.map(({ measurement }) => measurement)}::text[], ${selectors.map(({ field }) => field)}::text[],
    ${selectors.map(({ total }) => total?.tag ?? null)}::text[], ${selectors.map(({ total }) => total?.value ?? null)}::text[]
  ) as sel (measurement, field, tag, value)
    on s.robot_id = any(${robotIds}) and s.measurement = sel.measurement
    and (sel.tag is null or coalesce(s.tags->>sel.tag, sel.value) = sel.value)`;
