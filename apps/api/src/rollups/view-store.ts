import { sql } from 'kysely';
import { lock } from '../db/locks.ts';
import type { Database } from '../db/schema.ts';
import { FIGURES, type Figure, type FigureName, TOTALS } from '../figures/index.ts';

/** For names of our own only, never for input. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Condition on `s` (metric_series) and `f` (field_names) that selects a figure's series and field. */
function isOf(name: FigureName): string {
  const { measurement, field, of }: Figure = FIGURES[name];
  const total = of === 'total' ? TOTALS[measurement] : undefined;
  const whole = total
    ? ` and coalesce(s.tags->>${quoted(total.tag)}, ${quoted(total.value)}) = ${quoted(total.value)}`
    : '';
  return `(s.measurement = ${quoted(measurement)} and f.name = ${quoted(field)}${whole})`;
}

const shown = (name: FigureName, value: string) => ('isRest' in FIGURES[name] ? `100 - ${value}` : value);
/** PostgreSQL's sum fails when a double overflows. */
const bounded = (column: string, bound = '1e300') => `least(greatest(${column}, -${bound}), ${bound})`;
/** PostgreSQL's division raises an error when it underflows. */
const quotient = (sum: string, count: string) => `(case when abs(${sum}) < 1e-290 then 0 else ${sum} / ${count} end)`;
/** A column's value, and the series and field it is made of. */
interface ColumnSql {
  value: string;
  of: string;
}
const mean = (name: FigureName): ColumnSql => ({
  of: isOf(name),
  value: shown(
    name,
    quotient(`sum(${bounded('h.sum')}) filter (where ${isOf(name)})`, `sum(h.count) filter (where ${isOf(name)})`),
  ),
});
const max = (name: FigureName): ColumnSql => ({
  of: isOf(name),
  value: shown(name, `${'isRest' in FIGURES[name] ? 'min(h.min)' : 'max(h.max)'} filter (where ${isOf(name)})`),
});
function grown(field: string): ColumnSql {
  const of = `(s.measurement = 'net' and f.name = ${quoted(field)})`;
  // greatest() passes over nulls.
  return { of, value: `sum(${bounded('h.increase')}) filter (where ${of} and h.increase is not null)` };
}

const COLUMNS = {
  cpu_mean: mean('cpu_percent'),
  cpu_max: max('cpu_percent'),
  memory_mean: mean('memory_percent'),
  memory_max: max('memory_percent'),
  disk_max: max('disk_percent'),
  temperature_mean: mean('temperature_c'),
  temperature_max: max('temperature_c'),
  load1_mean: mean('load1'),
  bytes_received: grown('bytes_recv'),
  bytes_sent: grown('bytes_sent'),
};
export type FigureColumn = keyof typeof COLUMNS;
const FIGURE_COLUMNS = Object.keys(COLUMNS) as FigureColumn[];

interface Grouping {
  columns?: FigureColumn[];
  /** What is put together, on `h`, and its name; each hour or day by itself by default. */
  by?: string;
  as?: string;
}

/** @param where which series and hours or days; on `s` and `h` */
export const figures = (
  unit: 'hour' | 'day',
  where: string,
  { columns = FIGURE_COLUMNS, by = `h.${unit}`, as = unit }: Grouping = {},
) => `
  select s.robot_id, ${by} as ${as}, ${columns.map((name) => `${COLUMNS[name].value} as ${name}`).join(', ')}
  from metric_series s
  join rollup_${unit}s h on h.series_id = s.id
  join field_names f on f.id = h.field_id
  where ${where} and (${[...new Set(columns.map((name) => COLUMNS[name].of))].join(' or ')})
  group by s.robot_id, 2`;

/** Levels of LOG_LEVELS that count as errors. */
const ERROR_LEVELS = ['err', 'error', 'crit', 'critical', 'alert', 'emerg', 'emergency', 'panic', 'fatal'];
export const activity = (where: string) => `
  select robot_id, hour, online_s, reports,
    (select sum(value::int) from jsonb_each_text(logs)) as log_entries,
    (select sum(value::int) from jsonb_each_text(logs) where lower(key) in (${ERROR_LEVELS.map(quoted).join()})) as error_logs
  from robot_activity where ${where}`;

const robot = `r.id as robot_id, r.name as robot, r.owner_id, u.name as owner, r.architecture::text as architecture, r.labels`;
const robots = `robots r left join users u on u.id = r.owner_id`;
/** PostgreSQL's avg and regr_slope compute squares, which overflow: sums of bounded values do not. */
const avg = (column: string) =>
  quotient(`sum(${bounded(column, '1e290')}) filter (where ${column} is not null)`, `count(${column})`);
const asPercent = (column: string) => `least(greatest(${column}, -1000), 1000)`;

/** Seconds of a period that have passed since the robot was created. */
export const passed = (from: string, to: string) =>
  `greatest(extract(epoch from least(now(), ${to}) - greatest(r.created_at, ${from})), 1)`;

/** Each robot by itself, so that a query for some robots reads only theirs. */
const VIEWS: [name: string, definition: string][] = [
  [
    'robot_hours',
    `select ${robot}, to_timestamp(a.hour * 3600.0) as hour,
      least(1, a.online_s / ${passed('to_timestamp(a.hour * 3600.0)', 'to_timestamp((a.hour + 1) * 3600.0)')}) as online_share,
      a.reports, ${FIGURE_COLUMNS.map((name) => `g.${name}`).join(', ')},
      coalesce(a.log_entries, 0) as log_entries, coalesce(a.error_logs, 0) as error_logs
    from ${robots} cross join lateral (${activity('robot_id = r.id')}) a
    left join lateral (${figures('hour', 's.robot_id = r.id and h.hour = a.hour')}) g on true`,
  ],
  [
    'robot_days',
    `select ${robot}, (date '1970-01-01' + a.day) as day,
      least(1, a.online_s / ${passed('to_timestamp(a.day * 86400.0)', 'to_timestamp((a.day + 1) * 86400.0)')}) as online_share,
      a.reports, ${FIGURE_COLUMNS.map((name) => `g.${name}`).join(', ')}, a.log_entries, a.error_logs
    from ${robots} cross join lateral (
      select floor(hour / 24.0)::int as day, sum(online_s) as online_s, sum(reports) as reports,
        coalesce(sum(log_entries), 0) as log_entries, coalesce(sum(error_logs), 0) as error_logs
      from (${activity('robot_id = r.id')}) hours group by 1
    ) a
    left join lateral (${figures('day', 's.robot_id = r.id and h.day = a.day')}) g on true`,
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
    ) a`,
  ],
  [
    'fleet_days',
    `select owner_id, owner, day, count(*)::int as robots, avg(online_share) as online_share, sum(reports) as reports,
      ${avg('cpu_mean')} as cpu_mean, max(cpu_max) as cpu_max, ${avg('memory_mean')} as memory_mean, max(memory_max) as memory_max,
      max(disk_max) as disk_max, ${avg('temperature_mean')} as temperature_mean, max(temperature_max) as temperature_max,
      sum(bytes_received) as bytes_received, sum(bytes_sent) as bytes_sent, sum(log_entries) as log_entries, sum(error_logs) as error_logs
    from robot_days group by owner_id, owner, day`,
  ],
  [
    'robot_states',
    `select ${robot}, r.hostname, r.status::text as status, coalesce(p.seen_at, r.last_seen_at) as last_seen_at,
      coalesce(p.agent_version, r.agent_version) as agent_version, p.clock_skew_ms, r.error_reason,
      r.former_token_refused_at as refused_at
    from ${robots} left join robot_presence p on p.robot_id = r.id`,
  ],
];

/** Creates the views for BI and Grafana (docs/bi.md), unless they are already those of this release. */
export async function createViews(db: Database): Promise<void> {
  // Replaced views keep what was granted on them and what is built on them.
  await replaceViews(db, false).catch((error) => {
    if ((error as { code?: string }).code !== COLUMNS_CHANGED) throw error;
    return replaceViews(db, true);
  });
}

/** PostgreSQL's invalid_table_definition: a view cannot be replaced by one with other columns. */
const COLUMNS_CHANGED = '42P16';

async function replaceViews(db: Database, anew: boolean): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lock(tx, 'create views');
    const marker = sql.lit(`of ${VIEWS.map(([, definition]) => definition).join()}`.replace(/\s+/g, ' '));
    const { rows } = await sql<{ same: boolean }>`
      select obj_description(to_regclass('robot_states'), 'pg_class') = ${marker} as same`.execute(tx);
    if (rows[0]?.same) return;
    if (anew)
      await sql
        .raw(
          `drop view if exists ${[...VIEWS]
            .reverse()
            .map(([name]) => name)
            .join(', ')}`,
        )
        .execute(tx);
    for (const [name, definition] of VIEWS)
      await sql.raw(`create or replace view ${name} as ${definition}`).execute(tx);
    await sql`comment on view robot_states is ${marker}`.execute(tx);
  });
}
