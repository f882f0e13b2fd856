import type { Format, Unit } from '../ui/format';

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, i) => 2 ** i);
const DAY_S = 86_400;
const DURATIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200];
const DAYS = [1, 10, 100, 1_000, 10_000].flatMap((tens) => [1, 2, 5].map((days) => days * tens * DAY_S));
const BELOW_ONE = [0.001, 0.01, 0.1].flatMap((tenth) => [1, 2, 5].map((of) => of * tenth));

/** How far apart the marks of an axis may be, for uPlot to choose from; undefined: its own, which are decimal. */
export function tickSteps(unit: Unit): number[] | undefined {
  if (unit === 'bytes' || unit === 'bytes_per_second') return POWERS_OF_TWO;
  return unit === 'seconds' ? [...BELOW_ONE, ...DURATIONS, ...DAYS] : undefined;
}

/** As exact as the step is, so that no two marks read alike. */
export function writeTicks(format: Format, unit: Unit, values: number[], step: number): string[] {
  if (unit === 'bytes' || unit === 'bytes_per_second') {
    const largest = Math.max(step, ...values.map(Math.abs));
    const size = 1024 ** Math.floor(Math.log2(largest) / 10);
    const written = format.inUnit(size, unit);
    return values.map((value) => written.replace('1', format.number(value / size, decimals(step / size))));
  }
  if (unit === 'seconds' && step >= 1) return values.map((value) => format.inUnit(value, unit));
  const written = format.inUnit(0, unit);
  return values.map((value) => written.replace('0', format.number(value, decimals(step))));
}

/** Digits behind the point that a multiple of `step` may have. */
function decimals(step: number): number {
  for (let digits = 0; digits < 9; digits++) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return 9;
}
