/** The newest point of a report, and when the report arrived, both ms since 1970. */
export interface ClockSample {
  newest: number;
  at: number;
}

/** Smaller differences mean nothing: points wait up to a flush interval in the agent. */
export const SKEW_NOISE_MS = 30_000;
/** After so long without newer points, older ones are the robot's present: its clock was set back. */
const REFERENCE_MS = 120_000;

/**
 * Tells a slow clock from back-filled data: only a slow clock goes on at the pace of time, from one report to the next.
 * @param before the robot's former reference
 * @returns the skew in ms, positive when the robot is ahead, null when this report does not tell; and the new reference
 */
export function measureSkew(
  before: ClockSample | undefined,
  sample: ClockSample,
): { skewMs: number | null; reference: ClockSample } {
  const skewMs = sample.newest - sample.at;
  if (skewMs >= -SKEW_NOISE_MS || (before && goesOn(before, sample))) return { skewMs, reference: sample };
  const isOlder = before !== undefined && sample.newest <= before.newest;
  return { skewMs: null, reference: isOlder && sample.at - before.at < REFERENCE_MS ? before : sample };
}

function goesOn(before: ClockSample, { newest, at }: ClockSample): boolean {
  const [passed, advanced] = [at - before.at, newest - before.newest];
  return passed > 0 && advanced >= passed / 2 && Math.abs(advanced - passed) < SKEW_NOISE_MS;
}
