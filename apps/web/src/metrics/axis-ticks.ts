import type { Format, Unit } from '../ui/format';

/** Up to the largest number, because a robot can send any. */
const POWERS_OF_TWO = Array.from({ length: 1024 }, (_, i) => 2 ** i);
const DECIMALS = powersOfTen(-16, 307).flatMap((ten) => [1, 2, 2.5, 5].map((of) => times(of, ten)));
const DAY_S = 86_400;
const DURATIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200];
const DAYS = powersOfTen(0, 302).flatMap((ten) => [1, 2, 5].map((days) => times(days, ten) * DAY_S));
const BELOW_ONE = DECIMALS.filter((step) => step < 1);
const LARGEST_BYTES = 1024 ** 5;

function powersOfTen(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
/** Parsed from text: multiplying would add a rounding error. */
function times(of: number, ten: number): number {
  return Number(`${of}e${ten}`);
}

/** The distances between ticks that uPlot can choose from. */
export function tickSteps(unit: Unit): number[] {
  if (unit === 'bytes' || unit === 'bytes_per_second') return POWERS_OF_TWO;
  return unit === 'seconds' ? [...BELOW_ONE, ...DURATIONS, ...DAYS] : DECIMALS;
}

const LONG = 1e9;
const SHORT_STEP = 1e-5;

/** As precise as the step, so that no two ticks look the same. */
export function writeTicks(format: Format, unit: Unit, values: number[], step: number): string[] {
  const largest = Math.max(step, ...values.map(Math.abs));
  if (unit === 'bytes' || unit === 'bytes_per_second') {
    const size = Math.min(LARGEST_BYTES, 1024 ** Math.floor(Math.log2(largest) / 10));
    const written = format.inUnit(size, unit);
    return values.map((value) => written.replace('1', mark(value / size, step / size, largest / size)));
  }
  if (unit === 'seconds' && step >= 1) return values.map((value) => format.inUnit(value, unit));
  const written = format.inUnit(0, unit);
  return values.map((value) => written.replace('0', mark(value, step, largest)));

  function mark(value: number, step: number, largest: number): string {
    if (largest < LONG && step >= SHORT_STEP) return format.number(value, decimals(step));
    if (Math.abs(value) < step / 2) return '0';
    return format.exponent(value, Math.min(15, Math.floor(Math.log10(largest)) - Math.floor(Math.log10(step)) + 1));
  }
}

/** The number of decimals that a multiple of `step` can have. */
function decimals(step: number): number {
  for (let digits = 0; digits < 9; digits++) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return 9;
}
