import type { Unit } from '../ui/format';

/** Telegraf's measurements whose fields only ever grow. */
const COUNTERS: Record<string, RegExp> = {
  net: /./,
  diskio: /^(reads|writes|read_|write_|io_time|weighted_io_time|merged_)/,
  kernel: /^(context_switches|interrupts|processes_forked)$/,
  netstat: /^$/,
  docker_container_net: /(bytes|packets|errors|dropped)/,
};

const BY_NAME: [RegExp, Unit][] = [
  [/percent|^usage_|_pct$/, 'percent'],
  [/^temp|temperature|_c$|celsius/, 'celsius'],
  [/bytes|^(total|free|used|available|cached|buffered)$/, 'bytes'],
  [/volt/, 'volt'],
  [/current|ampere/, 'ampere'],
  [/uptime|_seconds$|_s$/, 'seconds'],
];

export function isCounter(measurement: string, field: string): boolean {
  return COUNTERS[measurement]?.test(field) ?? false;
}

/** A guess from the name; `none` where it says nothing. */
export function unitOf(measurement: string, field: string): Unit {
  const unit = BY_NAME.find(([pattern]) => pattern.test(field))?.[1] ?? 'none';
  if (isCounter(measurement, field)) return unit === 'bytes' ? 'bytes_per_second' : 'per_second';
  return unit;
}
