import { FIGURES, type Figure, type FigureName, TOTALS } from '../figures/index.ts';

/** For names of our own only, never for input. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Condition on `s` (metric_series) and `f` (field_names) that selects a figure's series and field. */
export function isOf(name: FigureName): string {
  const { measurement, field, of }: Figure = FIGURES[name];
  const total = of === 'total' ? TOTALS[measurement] : undefined;
  const whole = total
    ? ` and coalesce(s.tags->>${quoted(total.tag)}, ${quoted(total.value)}) = ${quoted(total.value)}`
    : '';
  return `(s.measurement = ${quoted(measurement)} and f.name = ${quoted(field)}${whole})`;
}

const shown = (name: FigureName, value: string) => ('isRest' in FIGURES[name] ? `100 - ${value}` : value);
/** PostgreSQL's sum fails when a double overflows. */
export const bounded = (column: string, bound = '1e300') => `least(greatest(${column}, -${bound}), ${bound})`;
/** PostgreSQL's division raises an error when it underflows. */
export const quotient = (sum: string, count: string) =>
  `(case when abs(${sum}) < 1e-290 then 0 else ${sum} / ${count} end)`;
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
export const FIGURE_COLUMNS = Object.keys(COLUMNS) as FigureColumn[];

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
/** How many of these log counts by level are errors. */
export const errorLogs = (logs: string) =>
  `(select sum(value::int) from jsonb_each_text(${logs}) where lower(key) in (${ERROR_LEVELS.map(quoted).join()}))`;
export const activity = (where: string) => `
  select robot_id, hour, online_s, reports, (select sum(value::int) from jsonb_each_text(logs)) as log_entries,
    ${errorLogs('logs')} as error_logs
  from robot_activity where ${where}`;
