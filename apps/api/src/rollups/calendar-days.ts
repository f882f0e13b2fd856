import { DAY_HOURS, HOUR_MS } from './rollup.ts';

const DAY_MS = DAY_HOURS * HOUR_MS;

/** A day of a time zone, made of the whole hours that start in it: 23 or 25 where clocks change. */
export interface CalendarDay {
  /** YYYY-MM-DD */
  date: string;
  /** Hours since 1970, `to` exclusive. */
  from: number;
  to: number;
}

/** The days from the one that has `from` in it to the one that has the last moment before `to` (ms since 1970). @param zone IANA name */
export function calendarDays(zone: string, from: number, to: number): CalendarDay[] {
  if (zone === 'UTC') return utcDays(from, to);
  const dateOf = dates(zone);
  const dateOfHour = (hour: number) => dateOf(hour * HOUR_MS);
  const [first, last] = [dateOf(from), dateOf(to - 1)];
  let hour = Math.floor(from / HOUR_MS);
  if (dateOfHour(hour) < first) hour++;
  while (dateOfHour(hour - 1) >= first) hour--;
  const days: CalendarDay[] = [];
  for (let date = dateOfHour(hour); date <= last; date = dateOfHour(hour)) {
    let next = hour + DAY_HOURS;
    while (dateOfHour(next - 1) > date) next--;
    while (dateOfHour(next) === date) next++;
    days.push({ date, from: hour, to: next });
    hour = next;
  }
  return days;
}

function utcDays(from: number, to: number): CalendarDay[] {
  const [first, last] = [Math.floor(from / DAY_MS), Math.floor((to - 1) / DAY_MS)];
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    date: new Date((first + i) * DAY_MS).toISOString().slice(0, 10),
    from: (first + i) * DAY_HOURS,
    to: (first + i + 1) * DAY_HOURS,
  }));
}

/** Dates of moments, which sort as text. */
function dates(zone: string): (ms: number) => string {
  // Sweden writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  return (ms) => format.format(ms);
}

/** Whether these are UTC's own days. */
export const areUtcDays = (days: CalendarDay[]): boolean =>
  days.every(({ from, to }) => from % DAY_HOURS === 0 && to - from === DAY_HOURS);
