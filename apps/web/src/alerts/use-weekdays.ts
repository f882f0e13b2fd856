import { computed } from 'vue';
import { locale } from '../app/i18n';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
/** A Monday. */
const MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** Names of the days of the week. */
export function useWeekdays() {
  return computed(() => {
    const short = new Intl.DateTimeFormat(locale.value, { weekday: 'short', timeZone: 'UTC' });
    const name = (day: Weekday) => short.format(MONDAY + WEEKDAYS.indexOf(day) * DAY_MS);
    return {
      name,
      list: (days: readonly Weekday[]) =>
        WEEKDAYS.filter((day) => days.includes(day))
          .map(name)
          .join(', '),
    };
  });
}
