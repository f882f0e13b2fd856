/** A clock that is off by less makes no reading wrong that a person would notice. */
const CLOCK_OFF_MS = 60_000;

export const isClockOff = (skewMs: number | null): skewMs is number =>
  skewMs !== null && Math.abs(skewMs) > CLOCK_OFF_MS;
