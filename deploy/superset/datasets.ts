import type { Columns } from './columns.ts';
import * as columns from './columns.ts';
import type { Metrics } from './metrics.ts';
import * as metrics from './metrics.ts';
import { condition, labelsAsText, labelsOfRobot, ofChosenLabels, robotColumns } from './sql.ts';

export interface Dataset {
  description: string;
  /** None: the view itself. A Jinja template that Superset fills in. */
  sql?: string;
  /** The column that filters of time apply to. */
  time?: string;
  columns: Columns;
  metrics: Metrics;
}

const UNMADE = ['robot_page', 'hours', 'hours_online', 'weight'];
const asInView = (wanted: Columns) =>
  Object.keys(wanted)
    .filter((name) => !UNMADE.includes(name))
    .map((name) => `v.${name}`)
    .join(', ');

const DAY_COLUMNS = { ...columns.ROBOT, ...columns.DAY, ...columns.HOURS_ONLINE, ...columns.FIGURES };
const robotDays = (more: string) => `select ${robotColumns}${more}, v.day,
  v.online_share, h.hours, v.online_share * h.hours as hours_online,
  greatest(v.online_share * h.hours, 1) as weight, v.heard_of,
  ${asInView(columns.FIGURES)}
from robot_days v
cross join lateral (
  select greatest(0, least(24, extract(epoch from now() at time zone 'UTC' - v.day)::float8 / 3600)) as hours
) h`;

export const DATASETS = {
  robot_days: {
    description:
      'Each robot and day (UTC). Means are of days, weighted by hours online; shares of the time since pairing.',
    sql: `${robotDays('')}\n${ofChosenLabels}`,
    ...{ time: 'day', columns: DAY_COLUMNS, metrics: metrics.DAY_METRICS },
  },
  robot_label_days: {
    description:
      'Each robot, day (UTC) and label: a robot with two labels counts for both. Without labels: “no label”.',
    sql: `${robotDays(', l.label')}\ncross join lateral ${labelsOfRobot} l`,
    ...{ time: 'day', columns: { ...columns.LABEL, ...DAY_COLUMNS }, metrics: metrics.DAY_METRICS },
  },
  robot_hours: {
    description: 'Each robot and hour (UTC) in which it was heard of or that it measured.',
    sql: `select ${robotColumns}, v.hour, (v.hour at time zone 'UTC')::date as day,
  to_char(v.hour at time zone 'UTC', 'HH24:00') as hour_of_day, v.online_share, ${asInView(columns.FIGURES)}
from robot_hours v
${ofChosenLabels}`,
    time: 'hour',
    columns: {
      ...columns.ROBOT,
      ...columns.HOUR,
      ...columns.DAY,
      hour_of_day: { type: 'TEXT', label: 'Hour of the day', description: 'UTC' },
      online_share: columns.HOURS_ONLINE.online_share,
      ...columns.FIGURES,
    },
    metrics: metrics.HOUR_METRICS,
  },
  robot_disks: {
    description: 'Each robot and disk: how full it is, and when it will be full.',
    sql: `select ${robotColumns}, ${asInView(columns.DISK)}\nfrom robot_disks v\n${ofChosenLabels}`,
    ...{ columns: { ...columns.ROBOT, ...columns.DISK }, metrics: metrics.DISK_METRICS },
  },
  robot_states: {
    description: 'Each robot as it is now, also those that never reported.',
    sql: `select ${robotColumns}, ${condition} as condition, v.status, v.last_seen_at,
  extract(epoch from now() - v.last_seen_at)::float8 / 3600 as hours_silent, ${labelsAsText} as labels,
  v.hostname, v.agent_version, v.clock_skew_ms::float8 / 1000 as clock_skew_s, v.error_reason
from robot_states v
${ofChosenLabels}`,
    ...{ columns: { ...columns.ROBOT, ...columns.STATE }, metrics: metrics.STATE_METRICS },
  },
  robot_labels: {
    description: 'Each robot and label, for choosing among labels.',
    sql: `select v.robot_id, v.robot, l.label\nfrom robot_states v\ncross join lateral ${labelsOfRobot} l`,
    columns: { robot_id: columns.ROBOT.robot_id, robot: columns.ROBOT.robot, ...columns.LABEL },
    metrics: {},
  },
  fleet_days: {
    description: 'Each owner and day (UTC): means of the robots’ means, the highest of their highest, and sums.',
    time: 'day',
    columns: {
      ...columns.OWNER,
      ...columns.DAY,
      robots: { type: 'BIGINT', label: 'Robots', description: 'That were heard of' },
      robots_paired: { type: 'BIGINT', label: 'Robots paired', description: 'That have ever reported' },
      online_share: columns.HOURS_ONLINE.online_share,
      ...Object.fromEntries(Object.entries(columns.FIGURES).filter(([name]) => name !== 'load1_mean')),
    },
    metrics: metrics.FLEET_METRICS,
  },
} as Record<string, Dataset>;
