/** When a report's clock cannot have been right (docs/flows/clock.md). Times are nanoseconds since 1970. */

const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
const YEAR = 365n * DAY;
/** Nothing that reports existed before: 1 January 2020. */
const EARLIEST = 1_577_836_800n * SECOND;
/** Our agent measures once it is paired; what it kept from a former pairing is younger than this. */
const BEFORE_PAIRING = YEAR;
/** Clocks of robots and server may differ so much without anything being wrong. */
const NOISE = 60n * SECOND;
/** A report reaches back this far at most; what reaches further ahead is a forecast, not a clock. */
const LONGEST_AHEAD = DAY / 2n;
/** Plugins that gather while the clock is set leave a line or two on the wrong side. */
const MAX_CHANGES = 3;
/** How many nanoseconds, µs or ms there are in the larger units. */
const UNITS = [1_000n, 1_000_000n, 1_000_000_000n];
const END_OF_TIME = 2n ** 63n;

export interface ClockLimits {
  receivedAt: bigint;
  /** The range in which a timestamp is accepted. */
  oldest: bigint;
  newest: bigint;
  /** When the robot was paired; undefined where it is not known that our agent reports. */
  pairedAt?: bigint;
}

/** A clock that was wrong: `past` before anything can have been measured, `future` further ahead than is accepted. */
export interface WrongClock {
  kind: 'past' | 'future';
  /** The times that it told, and how many lines have them. */
  from: bigint;
  to: bigint;
  lines: number;
  /** Its newest time. */
  newest: bigint;
}

/**
 * Tells a wrong clock from lines that bring times of their own, such as late data and forecasts: a clock that is wrong is
 * so from the report's first line on, until it is set.
 * @param times of the report's lines, in their order
 */
export function findWrongClock(times: readonly bigint[], limits: ClockLimits): WrongClock | undefined {
  const range = rangeOf(times[0], limits);
  if (!range) return undefined;
  const { kind, from, to } = range;
  let [lines, changes, wasWrong] = [0, 0, true];
  let [oldest, newest] = [END_OF_TIME, -END_OF_TIME];
  for (const time of times) {
    const isWrong = time >= from && time <= to;
    if (isWrong !== wasWrong) changes++;
    wasWrong = isWrong;
    if (!isWrong) continue;
    lines++;
    if (time < oldest) oldest = time;
    if (time > newest) newest = time;
  }
  if (changes > MAX_CHANGES) return undefined;
  if (kind === 'past' && limits.pairedAt === undefined && areOfOtherUnit(oldest, newest, limits)) return undefined;
  if (kind === 'future' && (newest <= limits.newest || newest - oldest > LONGEST_AHEAD)) return undefined;
  return { kind, from, to, lines, newest };
}

/** The times that are impossible if this is one of them. No computer is up within a second: that is no clock. */
function rangeOf(time: bigint | undefined, { receivedAt, oldest, pairedAt }: ClockLimits) {
  if (time === undefined) return undefined;
  const floor = pairedAt === undefined ? EARLIEST : max(EARLIEST, pairedAt - BEFORE_PAIRING);
  const past = { kind: 'past' as const, from: SECOND, to: min(floor, oldest) - 1n };
  const future = { kind: 'future' as const, from: receivedAt + NOISE, to: END_OF_TIME };
  return [past, future].find(({ from, to }) => time >= from && time <= to);
}

/** Whether they are times of the last year in seconds, ms or µs, taken for a smaller unit: a mistake that its maker must be told of. */
const areOfOtherUnit = (from: bigint, to: bigint, { receivedAt, newest }: ClockLimits) =>
  UNITS.some((unit) => from * unit >= receivedAt - YEAR && to * unit <= newest);

const min = (a: bigint, b: bigint) => (a < b ? a : b);
const max = (a: bigint, b: bigint) => (a > b ? a : b);
