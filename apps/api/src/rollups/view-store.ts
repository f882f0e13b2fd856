import { sql } from 'kysely';
import { lock } from '../db/locks.ts';
import type { Database } from '../db/schema.ts';
import { bounded, FIGURE_COLUMNS, isOf, quotient } from './figure-columns.ts';
import { DAY_HOURS } from './rollup.ts';

const robot = `r.id as robot_id, r.name as robot, r.owner_id, u.name as owner, r.architecture::text as architecture, r.labels`;
const robots = `robots r left join users u on u.id = r.owner_id`;
/** Whose robots: see the migration that made bi_viewer(). Once for each query, not for each row. */
const visible = `((select bi_viewer()) = 0 or r.owner_id = (select bi_viewer()))`;
/** PostgreSQL's avg and regr_slope compute squares, which overflow: sums of bounded values do not. */
const avg = (column: string) =>
  quotient(`sum(${bounded(column, '1e290')}) filter (where ${column} is not null)`, `count(${column})`);
const asPercent = (column: string) => `least(greatest(${column}, -1000), 1000)`;

/** Seconds of a period that have passed since the robot was created. */
export const passed = (from: string, to: string) =>
  `greatest(extract(epoch from least(now(), ${to}) - greatest(r.created_at, ${from})), 1)`;

const columns = (of: string) => FIGURE_COLUMNS.map((name) => `${of}.${name}`).join(', ');
const dayOf = (time: string) => `floor(extract(epoch from ${time}) / 86400)::int`;
const S_A_DAY = 86_400;
/** Points may be a day ahead. */
const NEXT_DAYS = 1;

/** Each robot by itself, so that a query for some robots reads only theirs. @param retention days */
const viewsOf = (retention: number): [name: string, definition: string][] => [
  [
    'robot_hours',
    `select ${robot}, to_timestamp(a.hour * 3600.0) as hour,
      least(1, a.online_s / ${passed('to_timestamp(a.hour * 3600.0)', 'to_timestamp((a.hour + 1) * 3600.0)')}) as online_share,
      a.reports, ${columns('g')}, coalesce(g.log_entries, 0) as log_entries, coalesce(g.error_logs, 0) as error_logs
    from ${robots} join robot_activity a on a.robot_id = r.id
    left join hour_figures g on g.robot_id = r.id and g.hour = a.hour
    where ${visible}`,
  ],
  [
    // One row is looked up for each robot and day asked for. Limits keep that so, whatever number of days is expected.
    'robot_days',
    `select ${robot}, (date '1970-01-01' + d.day) as day,
      case when d.day between ${dayOf('r.created_at')} and ${dayOf('now()')}
        then least(1, a.online_s / ${passed('to_timestamp(d.day * 86400.0)', 'to_timestamp((d.day + 1) * 86400.0)')}) end as online_share,
      a.reports, ${columns('g')}, coalesce(g.log_entries, 0)::numeric as log_entries, coalesce(g.error_logs, 0)::numeric as error_logs,
      (a.reports > 0 or a.online_s > 0 or g.robot_id is not null) as heard_of
    from ${robots}
    cross join generate_series(${dayOf('now()')} - ${retention - 1}, ${dayOf('now()')} + ${NEXT_DAYS}) as d (day)
    left join lateral (select * from day_figures k where k.robot_id = r.id and k.day = d.day limit 1) g on true
    cross join lateral (
      select coalesce(sum(online_s), 0) as online_s, coalesce(sum(reports), 0) as reports from robot_activity
      where robot_id = r.id and hour >= d.day * ${DAY_HOURS} and hour < (d.day + 1) * ${DAY_HOURS}
    ) a
    where ${visible}
      and (g.robot_id is not null or (r.first_write_at is not null and d.day between ${dayOf('r.created_at')} and ${dayOf('now()')}))`,
  ],
  [
    'robot_disks',
    `select ${robot}, a.path, a.used_percent, a.growth_percent_a_day,
      case when a.growth_percent_a_day > 0 then greatest(0, 100 - a.used_percent) / a.growth_percent_a_day end as days_to_full
    from ${robots} cross join lateral (
      select coalesce(s.tags->>'path', '') as path, (array_agg(h.last order by h.last_at desc))[1] as used_percent,
        regr_slope(${asPercent('h.last')}, (h.last_at - extract(epoch from now()) * 1000) / 86400000.0) as growth_percent_a_day
      from metric_series s join rollup_days h on h.series_id = s.id join field_names f on f.id = h.field_id
      where s.robot_id = r.id and ${isOf('disk_percent')}
        and h.day between floor(extract(epoch from now()) / 86400)::int - 13 and floor(extract(epoch from now()) / 86400)::int + 1
      group by 1
    ) a
    where ${visible}`,
  ],
  [
    'fleet_days',
    `select owner_id, owner, day, (count(*) filter (where heard_of))::int as robots, avg(online_share) as online_share, sum(reports) as reports,
      ${avg('cpu_mean')} as cpu_mean, max(cpu_max) as cpu_max, ${avg('memory_mean')} as memory_mean, max(memory_max) as memory_max,
      max(disk_max) as disk_max, ${avg('temperature_mean')} as temperature_mean, max(temperature_max) as temperature_max,
      sum(bytes_received) as bytes_received, sum(bytes_sent) as bytes_sent, sum(log_entries) as log_entries, sum(error_logs) as error_logs,
      count(*)::int as robots_paired
    from robot_days group by owner_id, owner, day`,
  ],
  [
    'robot_states',
    `select ${robot}, r.hostname, r.status::text as status, coalesce(p.seen_at, r.last_seen_at) as last_seen_at,
      coalesce(p.agent_version, r.agent_version) as agent_version, p.clock_skew_ms, r.error_reason,
      r.former_token_refused_at as refused_at
    from ${robots} left join robot_presence p on p.robot_id = r.id
    where ${visible}`,
  ],
];

/**
 * Creates the views for BI and Grafana (docs/bi.md), unless they are already those of this release.
 * @param retention of roll-ups, seconds
 */
export async function createViews(db: Database, retention: number): Promise<void> {
  const views = viewsOf(Math.ceil(retention / S_A_DAY));
  // Replaced views keep what was granted on them and what is built on them.
  await replaceViews(db, views, false).catch((error) => {
    if ((error as { code?: string }).code !== COLUMNS_CHANGED) throw error;
    return replaceViews(db, views, true);
  });
}

/** PostgreSQL's invalid_table_definition: a view cannot be replaced by one with other columns. */
const COLUMNS_CHANGED = '42P16';

async function replaceViews(db: Database, views: [string, string][], anew: boolean): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lock(tx, 'create views');
    const marker = sql.lit(`barriers of ${views.map(([, definition]) => definition).join()}`.replace(/\s+/g, ' '));
    const { rows } = await sql<{ same: boolean }>`
      select obj_description(to_regclass('robot_states'), 'pg_class') = ${marker} as same`.execute(tx);
    if (rows[0]?.same) return;
    if (anew)
      await sql
        .raw(
          `drop view if exists ${[...views]
            .reverse()
            .map(([name]) => name)
            .join(', ')}`,
        )
        .execute(tx);
    // A barrier: otherwise a query's own functions could be called with rows that it must not see.
    for (const [name, definition] of views)
      await sql.raw(`create or replace view ${name} with (security_barrier) as ${definition}`).execute(tx);
    await sql`comment on view robot_states is ${marker}`.execute(tx);
  });
}
