/** Nobody would notice a smaller error in the readings. */
const CLOCK_OFF_MS = 60_000;

/** Rounded to minutes, or to hours if it is days. */
export function skewSeconds(skewMs: number): number {
  const seconds = Math.abs(skewMs) / 1000;
  const step = Math.round(seconds / 60) >= 1440 ? 3600 : 60;
  return Math.round(seconds / step) * step;
}

export const isClockOff = (skewMs: number | null): skewMs is number =>
  skewMs !== null && Math.abs(skewMs) > CLOCK_OFF_MS;
