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
  [/percent|^usage_|_pct$/, 'percent'],
  [/^temp|temperature|_c$|celsius/, 'celsius'],
  [/bytes/, 'bytes'],
  [/volt/, 'volt'],
  [/current|ampere/, 'ampere'],
  // Not units per second, such as speed_m_s.
  [/uptime|_seconds$|(?<!(^|_)(m|mm|cm|km|rad|deg|rev|per|bits?))_s$/, 'seconds'],
];

export const hasCounters = (measurement: string): boolean => COUNTERS.has(measurement);

export function isCounter(measurement: string, field: string): boolean {
  return COUNTERS.get(measurement)?.test(field) ?? false;
}

const KNOWN = new Map(Object.entries(units).map(([name, fields]) => [name, new Map(Object.entries(fields))]));

/** The server's unit, or a guess from the name, or `none`. */
export function unitOf(measurement: string, field: string): Unit {
  const known = KNOWN.get(measurement)?.get(field) as Unit | undefined;
  const unit = known ?? guess(measurement, field);
  if (isCounter(measurement, field)) return unit === 'bytes' ? 'bytes_per_second' : 'per_second';
  return unit;
}

function guess(measurement: string, field: string): Unit {
  if (SIZED.test(measurement) && SIZES.test(field)) return 'bytes';
  return BY_NAME.find(([pattern]) => pattern.test(field))?.[1] ?? 'none';
}

/** Suffixes of names that imply a unit, even though values are shown without one. */
const ENDING = new RegExp(
  `_(${'rpm|k?hz|m?w|watts?|m?wh|m?ah|ohm|mm|cm|km|m|k?m_s|km_h|deg|rad|(deg|rad)_s|nm?|k?pa|[mh]pa|m?bar|lux|dbm?|kg|g|l|ms|us|ns'})$`,
);

/** What fields on one axis have in common: the unit, or the suffix of the name. */
export function measureOf(measurement: string, field: string): string {
  const unit = unitOf(measurement, field);
  return unit === 'none' ? (ENDING.exec(field)?.[1] ?? unit) : unit;
}
