/** One field of one series over some time. */
export interface Rollup {
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  /** Time of the last value, ms since 1970. */
  lastAt: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_HOURS = 24;
export const hourOf = (ms: number) => Math.floor(ms / HOUR_MS);
