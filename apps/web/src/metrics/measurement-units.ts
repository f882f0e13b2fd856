import { counters, units } from '../api/figures.json';
import type { Unit } from '../ui/format';

/** Measurements of ours and of Telegraf's other inputs whose fields are counters. */
const COUNTERS = new Map<string, RegExp>([
  ...counters.map((measurement): [string, RegExp] => [measurement, /./]),
  ['diskio', /^(reads|writes|read_|write_|io_time|weighted_io_time|merged_)/],
  ['kernel', /^(context_switches|interrupts|processes_forked)$/],
  ['docker_container_net', /(bytes|packets|errors|dropped)/],
]);

/** Measurements whose `total`, `free` and so on are bytes; elsewhere these can count anything. */
const SIZED = /^swap$/;
const SIZES = /^(total|free|used|available|cached|buffered)$/;

const BY_NAME: [RegExp, Unit][] = [
  [/_mbit_s$/, 'mbit_s'],
  [/_dbm$/, 'dbm'],
  [/_mhz$/, 'mhz'],
  [/percent|^usage_|_pct$/, 'percent'],
  [/^temp|temperature|_c$|celsius/, 'celsius'],
  [/bytes/, 'bytes'],
  [/volt/, 'volt'],
  // Not a present value of something else, such as current_mhz.
  [/current(?!_[km]?hz)|ampere/, 'ampere'],
  [/(^|_)watts?$/, 'watt'],
  // Not units per second, such as speed_m_s.
  [/uptime|_seconds$|(?<!(^|_)(m|mm|cm|km|rad|deg|rev|per|[kmg]?bits?))_s$/, 'seconds'],
];

/** Counters of milliseconds in which something was busy: their rate is a share of the time. */
const BUSY_MS = new Map([['diskio', /^io_time$/]]);

export const hasCounters = (measurement: string): boolean => COUNTERS.has(measurement);

export function isCounter(measurement: string, field: string): boolean {
  return COUNTERS.get(measurement)?.test(field) ?? false;
}

const KNOWN = new Map(Object.entries(units).map(([name, fields]) => [name, new Map(Object.entries(fields))]));

/** The unit of what is stored: the server's, or a guess from the name, or `none`. */
export function storedUnitOf(measurement: string, field: string): Unit {
  const known = KNOWN.get(measurement)?.get(field) as Unit | undefined;
  return known ?? guess(measurement, field);
}

/** By what a counter's rate is multiplied to be in its unit: milliseconds per second are tenths of a percent. */
export const rateScaleOf = (measurement: string, field: string): number => (isBusyTime(measurement, field) ? 0.1 : 1);
const isBusyTime = (measurement: string, field: string) => BUSY_MS.get(measurement)?.test(field) ?? false;

/** The unit of what is drawn: of counters, their rate. */
export function unitOf(measurement: string, field: string): Unit {
  const unit = storedUnitOf(measurement, field);
  if (isBusyTime(measurement, field)) return 'percent';
  if (isCounter(measurement, field)) return unit === 'bytes' ? 'bytes_per_second' : 'per_second';
  return unit;
}

function guess(measurement: string, field: string): Unit {
  if (SIZED.test(measurement) && SIZES.test(field)) return 'bytes';
  return BY_NAME.find(([pattern]) => pattern.test(field))?.[1] ?? 'none';
}

/** Suffixes of names that imply a unit, even though values are shown without one. */
const ENDING = new RegExp(
  `_(${'rpm|[kg]?hz|m?w|watts?|m?wh|m?ah|ohm|mm|cm|km|m|k?m_s|km_h|deg|rad|(deg|rad)_s|nm?|k?pa|[mh]pa|m?bar|lux|db|kg|g|l|ms|us|ns'})$`,
);

/** What fields on one axis have in common: the unit, or the suffix of the name. */
export function measureOf(measurement: string, field: string): string {
  const unit = unitOf(measurement, field);
  return unit === 'none' ? (ENDING.exec(field)?.[1] ?? unit) : unit;
}
