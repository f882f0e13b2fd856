import { FIGURES } from '../../apps/api/src/figures/index.ts';

/** A metric of a dataset: SQL over its columns. */
export interface Metric {
  label: string;
  expression: string;
  format: string;
  description: string;
}
export type Metrics = Record<string, Metric>;

const HOT = FIGURES.temperature_c.limits.warning;
const NUMBER = ',d';
const ONE_DECIMAL = ',.1f';
const SHARE = '.1%';
/** Superset's own format: 1.5 GiB. */
const BYTES = 'MEMORY_BINARY';

/** A mean in which a day counts by its hours online. */
const weighted = (column: string) => `SUM(${column} * weight) / SUM(weight) FILTER (WHERE ${column} IS NOT NULL)`;
const metric = (label: string, expression: string, format: string, description: string): Metric => ({
  ...{ label, expression, format, description },
});

const PEAKS: Metrics = {
  highest_cpu: metric('CPU at most, %', 'MAX(cpu_max)', ONE_DECIMAL, 'The highest value, of all cores together'),
  highest_memory: metric('Memory at most, %', 'MAX(memory_max)', ONE_DECIMAL, 'The highest share of memory in use'),
  hottest: metric('Hottest, °C', 'MAX(temperature_max)', ONE_DECIMAL, 'The highest temperature of any sensor'),
  fullest_disk: metric('Fullest disk, %', 'MAX(disk_max)', ONE_DECIMAL, 'The highest share of any disk in use'),
};
const SUMS: Metrics = {
  received: metric('Received', 'SUM(bytes_received)', BYTES, 'Over all network interfaces'),
  sent: metric('Sent', 'SUM(bytes_sent)', BYTES, 'Over all network interfaces'),
  errors: metric('Error logs', 'SUM(error_logs)', NUMBER, 'Log entries of level error and worse'),
  logs: metric('Log entries', 'SUM(log_entries)', NUMBER, 'Of all levels'),
};

export const DAY_METRICS: Metrics = {
  robots: metric(
    'Robots',
    'COUNT(DISTINCT robot_id) FILTER (WHERE heard_of)',
    NUMBER,
    'Different robots that were heard of',
  ),
  online: metric(
    'Online',
    'SUM(hours_online) / NULLIF(SUM(hours) FILTER (WHERE hours_online IS NOT NULL), 0)',
    SHARE,
    'Share of the hours since pairing in which robots reported',
  ),
  hours_of_robots: metric('Hours online', 'SUM(hours_online)', ',.0f', 'Of all robots together'),
  silent_days: metric(
    'Silent days',
    'COUNT(*) FILTER (WHERE online_share = 0 AND hours = 24)',
    NUMBER,
    'Whole days on which the robot was never online',
  ),
  cpu: metric('CPU, %', weighted('cpu_mean'), ONE_DECIMAL, 'Mean of all cores; a day counts by its hours online'),
  memory: metric('Memory, %', weighted('memory_mean'), ONE_DECIMAL, 'Mean in use; a day counts by its hours online'),
  load: metric('Load', weighted('load1_mean'), ',.2f', 'Mean of runnable processes; a day counts by its hours online'),
  traffic: metric('Traffic', 'SUM(bytes_received) + SUM(bytes_sent)', BYTES, 'Received and sent together'),
  ...SUMS,
  ...PEAKS,
};

/** The value that a column has in the hottest hour. */
const thenWhenHottest = (column: string) => `(ARRAY_AGG(${column} ORDER BY temperature_max DESC NULLS LAST, hour))[1]`;

export const HOUR_METRICS: Metrics = {
  robots: metric('Robots', 'COUNT(DISTINCT robot_id)', NUMBER, 'Different robots that were heard of'),
  ...PEAKS,
  hottest_at: metric(
    'When',
    `TO_CHAR(${thenWhenHottest('hour')} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:00')`,
    NUMBER,
    'The hottest hour, UTC',
  ),
  cpu_then: metric('CPU then, %', thenWhenHottest('cpu_mean'), ONE_DECIMAL, 'Mean of all cores in the hottest hour'),
  hot_hours: metric(
    `Hours ≥ ${HOT} °C`,
    `COUNT(*) FILTER (WHERE temperature_max >= ${HOT})`,
    NUMBER,
    'Of all robots together',
  ),
  ...SUMS,
};

export const FLEET_METRICS: Metrics = { ...PEAKS, ...SUMS };

export const DISK_METRICS: Metrics = {
  disks: metric('Disks', 'COUNT(*)', NUMBER, 'Of all robots'),
  full_soon: metric(
    'Full within 14 days',
    'COUNT(*) FILTER (WHERE days_to_full <= 14)',
    NUMBER,
    'Disks, at their present growth',
  ),
};

export const STATE_METRICS: Metrics = {
  paired: metric('Robots', "COUNT(*) FILTER (WHERE status <> 'pending')", NUMBER, 'That are paired'),
  silent: metric(
    'Silent now',
    "COUNT(*) FILTER (WHERE condition IN ('silent for an hour', 'never reported'))",
    NUMBER,
    'Robots that ought to report and did not for an hour, or never did',
  ),
  rejected: metric(
    'Rejected now',
    "COUNT(*) FILTER (WHERE status = 'error')",
    NUMBER,
    'Robots whose reports are refused',
  ),
};
