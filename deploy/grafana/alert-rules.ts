import { FIGURES } from '../../apps/api/src/figures/figures.ts';
import { CLOCK_OFF_MS } from './quality-queries.ts';
import { type Query, sourceOf } from './query-target.ts';
import { flux } from './robot-queries.ts';

/**
 * Rules for Grafana's alerting, in the format of its provisioning files. Each query answers with the robots that a rule
 * is about, and nothing when all is well: Grafana evaluates as many instances as there are rows. Columns of text become
 * labels, the number is the value. Templates use `.Labels`, because `$` is for variables in these files.
 * https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
 */
interface Rule {
  uid: string;
  title: string;
  query: Query;
  /** How long it must last, such as 5m. */
  lasts: string;
  severity: 'warning' | 'critical';
  summary: string;
}

/** A robot reports every 10 s; a network that is away for a moment is none of anybody's business. */
export const SILENT_MINUTES = 5;
export const DAYS_LEFT = 3;
const MOST = 500;
const SECONDS = 300;
const { disk_percent: disk, temperature_c: temperature } = FIGURES;
const LABELS = `v.robot, coalesce(v.owner, '') as owner, v.robot_id::text as robot_id`;
const sql = (text: string) => ({ sql: `${text}\nlimit ${MOST}` });

export const RULES: Rule[] = [
  {
    uid: 'robowatch-offline',
    title: 'Robot offline',
    query: sql(`select ${LABELS}, round(extract(epoch from now() - v.last_seen_at) / 60)::float8 as minutes
from robot_states v
where v.status = 'active' and v.last_seen_at < now() - interval '${SILENT_MINUTES} minutes'
order by v.last_seen_at desc, v.robot_id`),
    lasts: '0s',
    severity: 'critical',
    summary: '{{ .Labels.robot }} has been silent for {{ humanize .Values.A.Value }} minutes.',
  },
  {
    uid: 'robowatch-disk',
    title: 'Disk nearly full',
    query: sql(`select ${LABELS}, v.path, v.used_percent::float8 as used_percent
from robot_disks v
where v.used_percent >= ${disk.limits.critical} or v.days_to_full < ${DAYS_LEFT}
order by v.used_percent desc, v.robot_id, v.path`),
    lasts: '5m',
    severity: 'warning',
    summary:
      '{{ .Labels.path }} of {{ .Labels.robot }} is {{ humanize .Values.A.Value }} % full, or will be within days.',
  },
  {
    uid: 'robowatch-hot',
    title: 'Robot hot',
    query: flux(
      'from(bucket: v.defaultBucket)',
      '  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)',
      `  |> filter(fn: (r) => r._measurement == "${temperature.measurement}" and r._field == "${temperature.field}")`,
      '  |> keep(columns: ["_time", "_value", "robot_id", "robot", "sensor"])',
      '  |> group(columns: ["robot_id", "robot", "sensor"])',
      '  |> mean()',
      '  |> group(columns: ["robot_id", "robot"])',
      '  |> max()',
      `  |> filter(fn: (r) => r._value >= ${temperature.limits.critical})`,
      '  |> keep(columns: ["_value", "robot_id", "robot"])',
    ),
    lasts: '5m',
    severity: 'critical',
    summary: '{{ .Labels.robot }} has {{ humanize .Values.A.Value }} °C.',
  },
  {
    uid: 'robowatch-rejected',
    title: 'Reports rejected',
    query: sql(`select ${LABELS}, 1::float8 as rejected
from robot_states v
where v.status = 'error' or v.refused_at > now() - interval '10 minutes'
order by v.robot_id`),
    lasts: '0s',
    severity: 'critical',
    summary: 'Reports of {{ .Labels.robot }} are rejected. Its page says why.',
  },
  {
    uid: 'robowatch-clock',
    title: 'Clock off',
    query: sql(`select ${LABELS}, round(v.clock_skew_ms / 1000.0)::float8 as seconds
from robot_states v
where v.status = 'active' and abs(v.clock_skew_ms) > ${CLOCK_OFF_MS}
order by v.robot_id`),
    lasts: '10m',
    severity: 'warning',
    summary: 'The clock of {{ .Labels.robot }} is off by {{ humanize .Values.A.Value }} seconds.',
  },
];

const asked = (query: Query) =>
  typeof query === 'string' ? { query } : { format: 'table', rawQuery: true, editorMode: 'code', rawSql: query.sql };

/** Any row is a reason: the queries ask for nothing else. `!= 0` would miss none, but a clock's offset can be negative. */
const ANY = { type: 'outside_range', params: [-0.5, 0.5] };

export const alertRules = {
  apiVersion: 1,
  groups: [
    {
      ...{ orgId: 1, name: 'Robots', folder: 'Robowatch', interval: '1m' },
      rules: RULES.map(({ uid, title, query, lasts, severity, summary }) => ({
        ...{ uid, title, condition: 'B', for: lasts },
        data: [
          {
            ...{ refId: 'A', relativeTimeRange: { from: SECONDS, to: 0 }, datasourceUid: sourceOf(query).uid },
            model: { refId: 'A', datasource: sourceOf(query), ...asked(query) },
          },
          {
            ...{ refId: 'B', relativeTimeRange: { from: SECONDS, to: 0 }, datasourceUid: '__expr__' },
            model: {
              ...{ refId: 'B', type: 'threshold', expression: 'A', datasource: { type: '__expr__', uid: '__expr__' } },
              conditions: [{ evaluator: ANY }],
            },
          },
        ],
        // No rows: all is well.
        ...{ noDataState: 'OK', execErrState: 'Error', isPaused: false },
        annotations: { summary },
        labels: { severity },
      })),
    },
  ],
};

/** Takes away what was provisioned before: Grafana keeps rules whose file is merely gone. */
export const noAlertRules = {
  apiVersion: 1,
  deleteRules: RULES.map(({ uid }) => ({ orgId: 1, uid })),
};
