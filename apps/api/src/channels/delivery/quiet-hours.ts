import type { QuietHours } from '../../db/schema.ts';

const MINUTE_MS = 60_000;
const DAY_MIN = 1_440;

/**
 * When the quiet hours that a moment is in end; undefined when it is in none. A night in which clocks are changed ends
 * at the hour that clocks then show.
 */
export function quietUntil({ from, to, time_zone }: QuietHours, now: Date): Date | undefined {
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const isQuiet = (at: Date) => {
    const minute = minuteOf(clockAt(at, time_zone));
    return begin < end ? minute >= begin && minute < end : minute >= begin || minute < end;
  };
  if (!isQuiet(now)) return undefined;
  const left = (end - minuteOf(clockAt(now, time_zone)) + DAY_MIN) % DAY_MIN;
  const start = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const until = new Date(start + left * MINUTE_MS);
  const shown = minuteOf(clockAt(until, time_zone));
  // Clocks may have been changed meanwhile.
  const off = ((shown - end + DAY_MIN + DAY_MIN / 2) % DAY_MIN) - DAY_MIN / 2;
  const mended = new Date(until.getTime() - off * MINUTE_MS);
  return mended > now ? mended : until;
}

const minuteOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

const clockAt = (at: Date, timeZone: string) =>
  at.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
