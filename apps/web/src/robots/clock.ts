import type { Robot } from '../api/types';

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

/** Robots report at least this often. */
const LATELY_MS = 600_000;

/** Whether the times of its latest data were corrected on arrival. */
export const isClockCorrected = ({
  clock_corrected: corrected,
  last_seen_at: seen,
}: Pick<Robot, 'clock_corrected' | 'last_seen_at'>) =>
  !!corrected && seen !== null && Date.parse(seen) - Date.parse(corrected.at) < LATELY_MS;
