import { MEASURED, TOTALS } from '../../apps/api/src/figures/measured.ts';
import { IDENTITY_TAGS } from '../../apps/api/src/line-protocol/identity.ts';

/**
 * The robot dashboard's queries, in Flux with Grafana's variables. `${robot_id:percentencode}` leaves an id unchanged,
 * but encodes anything else in the URL, including quotes and `$`, so that it cannot end the string or match another
 * robot.
 */
export const ROBOT_VARIABLE = 'robot_id';
export const MEASUREMENT_VARIABLE = 'measurement';

const OF_ROBOT = `r.robot_id == "\${${ROBOT_VARIABLE}:percentencode}"`;
export const SHOWN = 'start: v.timeRangeStart, stop: v.timeRangeStop';
/** Range for values of a robot that has been silent for longer than the time range shown. */
const LAST_MONTH = 'start: -30d';
/** Tags stamped by the server. Dropping them merges the two copies of each series that a renamed robot has. */
const IDENTITY = ['_measurement', ...IDENTITY_TAGS];
const TOTAL_CPU = `(r.cpu =~ /^(${TOTALS.cpu?.value})?$/)`;
/** Shown with whatever else a robot sends. */
const OTHERS = ['power_supply', 'ros_battery', 'ros_diagnostics'];
/** Measurements with their own panels. */
const KNOWN = Object.keys(MEASURED).filter((name) => !OTHERS.includes(name));

export const flux = (...lines: string[]) => lines.join('\n');
const drop = (...columns: string[]) => `  |> drop(columns: ${JSON.stringify(columns)})`;
export const read = (where: string, range = SHOWN) =>
  flux('from(bucket: v.defaultBucket)', `  |> range(${range})`, `  |> filter(fn: (r) => ${where})`);
const fields = (measurement: string, ...names: string[]) =>
  `${OF_ROBOT} and r._measurement == "${measurement}" and (${names.map((name) => `r._field == "${name}"`).join(' or ')})`;
const busy = '  |> map(fn: (r) => ({r with _value: 100.0 - float(v: r._value)}))';

const windowed = (fn: string, createEmpty: boolean) =>
  `  |> aggregateWindow(every: v.windowPeriod, fn: ${fn}, createEmpty: ${createEmpty}, timeSrc: "_start")`;
/** Merges the series of all names of the robot; keeps empty windows, so that they show as gaps. */
const joined = flux(drop(...IDENTITY), windowed('mean', true));
const lines = (where: string, fn = 'mean', ...then: string[]) =>
  flux(read(where), windowed(fn, false), ...then, joined);

/** The newest value of each series. */
const newestOfEach = (where: string) =>
  flux(read(where), '  |> last()', drop(...IDENTITY), '  |> sort(columns: ["_time"])', '  |> last()');
const value = '  |> keep(columns: ["_time", "_value"])';
const newest = (where: string, ...then: string[]) => flux(newestOfEach(where), ...then, '  |> group()', value);

/** The robot's identity, from its newest data of any kind. */
const newestStamp = flux(
  read(OF_ROBOT, LAST_MONTH),
  '  |> last()',
  '  |> keep(columns: ["_time", "robot", "hostname", "arch"])',
  '  |> group()',
  '  |> sort(columns: ["_time"], desc: true)',
  '  |> limit(n: 1)',
);

export const header = {
  identity: flux(newestStamp, '  |> keep(columns: ["robot", "hostname", "arch"])'),
  /** ms since 1970 */
  lastSeen: flux(newestStamp, '  |> map(fn: (r) => ({_time: r._time, _value: int(v: r._time) / 1000000}))'),
  uptime: newest(fields('system', 'uptime')),
  cpu: newest(`${fields('cpu', 'usage_idle')} and ${TOTAL_CPU}`, busy),
  memory: newest(fields('mem', 'used_percent')),
  /** The root disk, or the fullest one. */
  disk: newest(
    fields('disk', 'used_percent'),
    '  |> group()',
    '  |> map(fn: (r) => ({r with root: if exists r.path and r.path == "/" then 1 else 0}))',
    '  |> sort(columns: ["root", "_value"], desc: true)',
    '  |> limit(n: 1)',
  ),
  temperature: newest(fields('temp', 'temp'), '  |> group()', '  |> max()'),
};

export const charts = {
  cpu: flux(
    'import "strings"',
    lines(
      `${OF_ROBOT} and r._measurement == "cpu" and r._field =~ /^usage_/ and r._field !~ /idle|guest/ and ${TOTAL_CPU}`,
      'mean',
      '  |> map(fn: (r) => ({r with _field: strings.trimPrefix(v: r._field, prefix: "usage_")}))',
    ),
  ),
  cores: lines(`${fields('cpu', 'usage_idle')} and r.cpu !~ /^(${TOTALS.cpu?.value})?$/`, 'mean', busy),
  memory: lines(fields('mem', 'used_percent')),
  load: lines(fields('system', 'load1', 'load5', 'load15')),
  disk: lines(fields('disk', 'used_percent')),
  temperature: lines(fields('temp', 'temp')),
  uptime: lines(fields('system', 'uptime'), 'last'),
  /**
   * Rate between the last counts of the windows, at the counts' own times; none where a reboot has reset the counter.
   */
  net: flux(
    read(fields('net', 'bytes_recv', 'bytes_sent')),
    '  |> window(every: v.windowPeriod)',
    '  |> last()',
    drop('_start', '_stop', ...IDENTITY),
    '  |> sort(columns: ["_time"])',
    '  |> derivative(unit: 1s, nonNegative: true)',
    `  |> range(${SHOWN})`,
    joined,
  ),
};

/** Grafana shows the first text column as the entry, and colours it by `level`. */
export const LOG_COLUMNS = ['_time', 'body', 'level', 'program'];
export const LOG_LIMIT = 500;
export const logs = flux(
  read(fields('syslog', 'message', 'level', 'program')),
  `  |> tail(n: ${LOG_LIMIT})`,
  '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
  '  |> filter(fn: (r) => exists r.message)',
  '  |> group()',
  // Must come before map: of pivot's output, map drops trailing rows without a level or a program.
  '  |> sort(columns: ["_time"], desc: true)',
  `  |> limit(n: ${LOG_LIMIT})`,
  '  |> map(fn: (r) => ({',
  '    _time: r._time,',
  '    body: if exists r.program and r.program != "" then r.program + ": " + r.message else r.message,',
  '    level: if exists r.level then r.level else "",',
  '    program: if exists r.program then r.program else "",',
  '  }))',
);

const OF_MEASUREMENT = `${OF_ROBOT} and r._measurement =~ /^\${${MEASUREMENT_VARIABLE}:regex}$/`;

export const anyMeasurement = {
  /**
   * Numbers, and booleans as 0 and 1. Uses last, because mean would need text filtered out first, which reads every
   * point.
   */
  chart: flux(
    'import "types"',
    lines(
      OF_MEASUREMENT,
      'last',
      '  |> filter(fn: (r) => not types.isType(v: r._value, type: "string"))',
      '  |> toFloat()',
    ),
  ),
  /** Including text. */
  newest: flux(
    newestOfEach(OF_MEASUREMENT),
    '  |> toString()',
    '  |> group()',
    drop('_start', '_stop'),
    '  |> sort(columns: ["_field"])',
  ),
};

/** One text per robot: its newest name, and its id in brackets. */
export const robots = flux(
  'import "influxdata/influxdb/schema"',
  'ids = schema.tagValues(bucket: v.defaultBucket, tag: "robot_id")',
  '  |> map(fn: (r) => ({_time: 1970-01-01T00:00:00Z, robot_id: r._value, robot: ""}))',
  'names =',
  read('r._measurement == "system" and r._field == "uptime" and exists r.robot_id', LAST_MONTH),
  '  |> last()',
  '  |> keep(columns: ["_time", "robot_id", "robot"])',
  '  |> group()',
  'union(tables: [ids, names])',
  '  |> group(columns: ["robot_id"])',
  '  |> sort(columns: ["_time"])',
  '  |> last(column: "robot")',
  '  |> group()',
  '  |> map(fn: (r) => ({_value: r.robot + " (" + r.robot_id + ")"}))',
);
/** Splits that text into the label and the id. */
export const ROBOT_OPTION = '/^(?<text>[\\s\\S]*\\((?<value>\\d+)\\))$/';

/** The robot's measurements without their own panels. */
export const measurements = flux(
  'import "influxdata/influxdb/schema"',
  `schema.tagValues(bucket: v.defaultBucket, tag: "_measurement", predicate: (r) => ${OF_ROBOT}, ${SHOWN})`,
  `  |> filter(fn: (r) => not contains(value: r._value, set: ${JSON.stringify(KNOWN)}))`,
);
