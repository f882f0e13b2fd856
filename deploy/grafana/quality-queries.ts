import { EVERY_VALUE } from './logs-queries.ts';
import { flux, read } from './robot-queries.ts';

/**
 * The queries of the dashboard of data quality: what is missing of robots' data, and why. In Flux what depends on
 * points, with Grafana's format `regex` for the selected robots; in SQL, of the view robot_states, how robots are now.
 */
export const ROBOT_VARIABLE = 'robot';
export { EVERY_VALUE };
/** Robots send every 10 s; one that sends once a minute has no gaps. */
export const LONGEST_STEP_S = 90;
/** Smaller differences are how long reports are under way. Like the mark in the web app. */
export const CLOCK_OFF_MS = 60_000;
export const WORST = 100;

const OF_ROBOTS = `r.robot_id =~ /^\${${ROBOT_VARIABLE}:regex}$/`;
/** A field that every robot sends with each report. */
const PULSE = `r._measurement == "system" and r._field == "uptime" and ${OF_ROBOTS}`;
const newestFirst = (column: string) => [`  |> sort(columns: ["${column}"], desc: true)`, `  |> limit(n: ${WORST})`];

/** Robots that reported in each window. A renamed robot has two series, and counts once. */
export const reporting = flux(
  read(PULSE),
  '  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false, timeSrc: "_start")',
  '  |> keep(columns: ["_time", "robot_id"])',
  '  |> group(columns: ["_time"])',
  '  |> unique(column: "robot_id")',
  '  |> count(column: "robot_id")',
  '  |> group()',
  '  |> rename(columns: {robot_id: "_value"})',
  '  |> sort(columns: ["_time"])',
);

export const GAP_COLUMNS = ['_time', 'robot', 'seconds', 'robot_id'];
/** Each gap by its end, when the robot reported again. */
export const gaps = flux(
  read(PULSE),
  '  |> keep(columns: ["_time", "robot_id", "robot"])',
  '  |> group(columns: ["robot_id"])',
  '  |> sort(columns: ["_time"])',
  '  |> elapsed(unit: 1s, columnName: "seconds")',
  `  |> filter(fn: (r) => r.seconds > ${LONGEST_STEP_S})`,
  '  |> group()',
  ...newestFirst('seconds'),
);

export const DROPPED_COLUMNS = ['robot', 'dropped', 'robot_id'];
/** By how much the agent's counter has grown; it begins anew when the agent is installed anew. */
export const dropped = flux(
  read(`r._measurement == "robowatch_agent" and r._field == "dropped_points" and ${OF_ROBOTS}`),
  '  |> keep(columns: ["_time", "_value", "robot_id", "robot"])',
  '  |> group(columns: ["robot_id"])',
  '  |> sort(columns: ["_time"])',
  '  |> increase()',
  '  |> last()',
  '  |> group()',
  '  |> filter(fn: (r) => r._value > 0)',
  '  |> rename(columns: {_value: "dropped"})',
  '  |> keep(columns: ["robot", "dropped", "robot_id"])',
  ...newestFirst('dropped'),
);

const sql = (text: string) => ({ sql: text });
const isOff = `abs(v.clock_skew_ms) > ${CLOCK_OFF_MS}`;
const isSilent = `v.status in ('active', 'error')
  and (v.last_seen_at is null or v.last_seen_at < now() - interval '${LONGEST_STEP_S} seconds')`;
/** Reports of a robot that is rejected, or with its former credential. */
const isRefused = `(v.status = 'error' or $__timeFilter(v.refused_at))`;
const counted = (where: string) => sql(`select count(*) as robots\nfrom robot_states v\nwhere ${where}`);
const listed = (columns: string, where: string, order: string) =>
  sql(
    `select v.robot, v.owner, ${columns}, v.robot_id::text as robot_id\nfrom robot_states v\nwhere ${where}\norder by ${order}, v.robot_id\nlimit ${WORST}`,
  );

export const counts = { silent: counted(isSilent), refused: counted(isRefused), off: counted(isOff) };
export const lists = {
  silent: listed('v.last_seen_at, v.agent_version', isSilent, 'v.last_seen_at desc nulls last'),
  refused: listed('v.status, v.error_reason, v.refused_at', isRefused, 'v.refused_at desc nulls last'),
  off: listed('v.clock_skew_ms, v.last_seen_at', isOff, 'abs(v.clock_skew_ms) desc'),
};
