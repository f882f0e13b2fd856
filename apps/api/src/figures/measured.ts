/** The types of line protocol. */
export type FieldType = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean';

export type Unit = 'percent' | 'celsius' | 'bytes' | 'seconds' | 'volt' | 'ampere' | 'watt' | 'none';

export interface MeasuredField {
  type: FieldType;
  unit: Unit;
}

const fields = (type: FieldType, unit: Unit, ...names: string[]) =>
  Object.fromEntries(names.map((name): [string, MeasuredField] => [name, { type, unit }]));

const CPU_STATES = [
  'user',
  'system',
  'idle',
  'nice',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
  'active',
];

/**
 * The fields that charts, dashboards, alerts and roll-ups rely on, with the types Telegraf gives them. They are fixed
 * because in InfluxDB the first value from any robot determines a field's type: one robot must not get `cpu` wrong for
 * all others.
 */
export const MEASURED: Record<string, Record<string, MeasuredField>> = {
  cpu: fields('float', 'percent', ...CPU_STATES.map((state) => `usage_${state}`)),
  mem: {
    ...fields('float', 'percent', 'used_percent', 'available_percent'),
    ...fields('integer', 'bytes', 'available', 'total', 'used', 'free', 'buffered', 'cached'),
  },
  disk: {
    ...fields('float', 'percent', 'used_percent', 'inodes_used_percent'),
    ...fields('integer', 'bytes', 'free', 'total', 'used'),
  },
  net: {
    ...fields('integer', 'bytes', 'bytes_recv', 'bytes_sent'),
    ...fields('integer', 'none', 'err_in', 'err_out', 'drop_in', 'drop_out'),
  },
  temp: fields('float', 'celsius', 'temp'),
  system: { ...fields('float', 'none', 'load1', 'load5', 'load15'), ...fields('integer', 'seconds', 'uptime') },
  // What the agent keeps while the server cannot be reached.
  robowatch_agent: {
    ...fields('integer', 'bytes', 'buffered_bytes'),
    ...fields('integer', 'none', 'buffered_points', 'dropped_points'),
    ...fields('integer', 'seconds', 'oldest_age_s'),
  },
  // Of the board, and of agent/examples.
  power_supply: { ...fields('float', 'percent', 'percent'), ...fields('float', 'volt', 'volt') },
  ros_battery: {
    ...fields('float', 'percent', 'percent'),
    ...fields('float', 'volt', 'volt', 'lowest_cell_volt'),
    ...{ ampere: { type: 'float', unit: 'ampere' }, watt: { type: 'float', unit: 'watt' } },
    ...fields('float', 'celsius', 'temperature_c'),
  },
  ros_diagnostics: fields('integer', 'none', 'level'),
  syslog: fields('string', 'none', 'message', 'level', 'program'),
};

/** Measurements whose fields are counters; charts show their rate. */
export const COUNTERS: readonly string[] = ['net'];

/**
 * Tag that marks the series for the whole, where a measurement also has series for parts. Without the tag it is the
 * whole, too.
 */
export const TOTALS: Record<string, { tag: string; value: string }> = { cpu: { tag: 'cpu', value: 'cpu-total' } };

/** The fixed type of a field, whoever sends it; undefined for fields not listed above. */
export const typeOf = (measurement: string, field: string): FieldType | undefined =>
  Object.hasOwn(MEASURED, measurement) && Object.hasOwn(MEASURED[measurement] as object, field)
    ? MEASURED[measurement]?.[field]?.type
    : undefined;

/** The unit of a field; 'none' for fields not listed above. */
export const unitOf = (measurement: string, field: string): Unit =>
  (typeOf(measurement, field) && MEASURED[measurement]?.[field]?.unit) || 'none';
