import { counters, units } from '../api/figures.json';
import type { Unit } from '../ui/format';

/** Measurements of ours, and others of Telegraf's, whose fields only ever grow. */
const COUNTERS = new Map<string, RegExp>([
  ...counters.map((measurement): [string, RegExp] => [measurement, /./]),
  ['diskio', /^(reads|writes|read_|write_|io_time|weighted_io_time|merged_)/],
  ['kernel', /^(context_switches|interrupts|processes_forked)$/],
  ['docker_container_net', /(bytes|packets|errors|dropped)/],
]);

/** Whose plain fields are sizes; elsewhere a total is a number of anything. */
const SIZED = /^swap$/;
const SIZES = /^(total|free|used|available|cached|buffered)$/;

const BY_NAME: [RegExp, Unit][] = [
  [/percent|^usage_|_pct$/, 'percent'],
  [/^temp|temperature|_c$|celsius/, 'celsius'],
  [/bytes/, 'bytes'],
  [/volt/, 'volt'],
  [/current|ampere/, 'ampere'],
  // Not those per second, as speed_m_s.
  [/uptime|_seconds$|(?<!(^|_)(m|mm|cm|km|rad|deg|rev|per|bits?))_s$/, 'seconds'],
];

export const hasCounters = (measurement: string): boolean => COUNTERS.has(measurement);

export function isCounter(measurement: string, field: string): boolean {
  return COUNTERS.get(measurement)?.test(field) ?? false;
}

const KNOWN = new Map(Object.entries(units).map(([name, fields]) => [name, new Map(Object.entries(fields))]));

/** What the server says, or a guess from the name; `none` where that says nothing. */
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

/** Ends of names that say what is measured in, though it is written without a unit. */
const ENDING = new RegExp(
  `_(${'rpm|k?hz|m?w|watts?|m?wh|m?ah|ohm|mm|cm|km|m|k?m_s|km_h|deg|rad|(deg|rad)_s|nm?|k?pa|[mh]pa|m?bar|lux|dbm?|kg|g|l|ms|us|ns'})$`,
);

/** Fields that share an axis have this in common: the unit, or what the end of the name tells of it. */
export function measureOf(measurement: string, field: string): string {
  const unit = unitOf(measurement, field);
  return unit === 'none' ? (ENDING.exec(field)?.[1] ?? unit) : unit;
}
