import type { Unit } from '../ui/format';

/** Telegraf's measurements whose fields only ever grow. */
const COUNTERS = new Map<string, RegExp>([
  ['net', /./],
  ['diskio', /^(reads|writes|read_|write_|io_time|weighted_io_time|merged_)/],
  ['kernel', /^(context_switches|interrupts|processes_forked)$/],
  ['docker_container_net', /(bytes|packets|errors|dropped)/],
]);

/** Whose plain fields are sizes; elsewhere a total is a number of anything. */
const SIZED = /^(mem|swap|disk)$/;
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

/** A guess from the name; `none` where it says nothing. */
export function unitOf(measurement: string, field: string): Unit {
  if (SIZED.test(measurement) && SIZES.test(field)) return 'bytes';
  const unit = BY_NAME.find(([pattern]) => pattern.test(field))?.[1] ?? 'none';
  if (isCounter(measurement, field)) return unit === 'bytes' ? 'bytes_per_second' : 'per_second';
  return unit;
}
