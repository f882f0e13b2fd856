import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { heardSince, type Viewer } from '../robots/index.ts';
import type { Rows } from './csv-rows.ts';
import type { DaysAsked, Moment } from './days-asked.ts';

const MAX_ROWS = 50_000;
const S_A_DAY = 86_400;

const FLEET: Rows['columns'] = [
  { name: 'robot_id', type: 'string' },
  { name: 'robot', type: 'string' },
  { name: 'owner', type: 'string' },
  { name: 'labels', type: 'string' },
  { name: 'status', type: 'string' },
  { name: 'online', type: 'boolean' },
  { name: 'last_seen', type: 'dateTime:RFC3339' },
  { name: 'hostname', type: 'string' },
  { name: 'architecture', type: 'string' },
  { name: 'agent_version', type: 'string' },
];
const FIGURES = [
  ...['online_share', 'reports', 'cpu_mean', 'cpu_max', 'memory_mean', 'memory_max', 'disk_max'],
  ...['temperature_mean', 'temperature_max', 'bytes_received', 'bytes_sent', 'log_entries', 'error_logs'],
];
const DAYS: Rows['columns'] = [
  { name: '_time', type: 'dateTime:RFC3339' },
  { name: 'robot_id', type: 'string' },
  { name: 'robot', type: 'string' },
  { name: 'owner', type: 'string' },
  ...FIGURES.map((name) => ({ name, type: 'double' as const })),
];

/** Rows of the viewer's own robots: names, owners, labels, and how they are now. @param offlineAfter seconds */
export async function fleetRows(db: Db, viewer: Viewer, offlineAfter: number): Promise<Rows> {
  const { rows } = await sql<Record<string, Value>>`
    select v.robot_id::text as robot_id, v.robot, v.owner,
      (select string_agg(l.key || ': ' || l.value, ', ' order by l.key) from jsonb_each_text(v.labels) l) as labels,
      v.status, coalesce(v.last_seen_at > ${heardSince(offlineAfter)}, false) as online,
      v.last_seen_at as last_seen, v.hostname, v.architecture, v.agent_version
    from robot_states v
    where v.status <> 'pending' and ${isOwn(viewer)}
    order by v.robot_id
    limit ${MAX_ROWS + 1}`.execute(db);
  return inColumns(FLEET, rows);
}

/** Rows of the roll-ups' days, as in the view robot_days (docs/bi.md), of the viewer's own robots. */
export async function dayRows(db: Db, viewer: Viewer, { start, stop }: DaysAsked): Promise<Rows> {
  const [from, to] = [start, stop].map((moment) => Math.floor(secondsOf(moment) / S_A_DAY));
  const figures = sql.raw(FIGURES.map((name) => `v.${name}::float8 as ${name}`).join(', '));
  const { rows } = await sql<Record<string, Value>>`
    select v.day::timestamp at time zone 'UTC' as _time, v.robot_id::text as robot_id, v.robot, v.owner, ${figures}
    from robot_days v
    where v.day between date '1970-01-01' + ${from}::int and date '1970-01-01' + ${to}::int and ${isOwn(viewer)}
    order by v.robot_id, v.day
    limit ${MAX_ROWS + 1}`.execute(db);
  return inColumns(DAYS, rows);
}

type Value = string | number | boolean | Date | null;
const isOwn = ({ id, role }: Viewer) => (role === 'admin' ? sql<boolean>`true` : sql<boolean>`v.owner_id = ${id}`);

/** Within what PostgreSQL's dates and the roll-ups can be asked for. */
function secondsOf(moment: Moment): number {
  const seconds = 'at' in moment ? moment.at / 1000 : Date.now() / 1000 - moment.ago;
  return Math.min(Math.max(seconds, 0), 253_000_000_000);
}

function inColumns(columns: Rows['columns'], rows: Record<string, Value>[]): Rows {
  if (rows.length > MAX_ROWS)
    throw new AppError('validation_failed', `There are more than ${MAX_ROWS} rows. Ask for fewer days.`);
  return { columns, rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)) };
}
