import { LRUCache } from 'lru-cache';
import type { Weekly } from './schemas.ts';
import { hasLabels } from './scope.ts';
import type { Silence } from './silence-store.ts';

const DAYS: Weekly['days'][number][] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** A zone can be written in thousands of ways, and each format takes tens of kilobytes. */
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 100 });

/** The day of the week there, and minutes since its midnight. @param now ms since 1970 */
function localTime(now: number, timeZone: string): { day: number; minute: number } {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, format);
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = DAYS.indexOf(parts.get('weekday')?.toLowerCase() as (typeof DAYS)[number]);
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/** A window that ends no later than it begins goes on into the next day; the day is that of its beginning. */
export function isWithin({ days, from, to, time_zone }: Weekly, now: number): boolean {
  const { day, minute } = localTime(now, time_zone);
  const [begin, end] = [minutes(from), minutes(to)];
  const [isToday, wasYesterday] = [day, (day + 6) % 7].map((one) => days.includes(DAYS[one] as (typeof DAYS)[number]));
  if (begin < end) return isToday === true && minute >= begin && minute < end;
  return (isToday === true && minute >= begin) || (wasYesterday === true && minute < end);
}

export const isActive = ({ until, weekly }: Pick<Silence, 'until' | 'weekly'>, now: number): boolean =>
  (until === null || until.getTime() > now) && (weekly === null || isWithin(weekly, now));

export interface Silenceable {
  /** Of the rule. */
  owner_id: number;
  rule_id: number | null;
  robot_id: number;
  labels: Record<string, string> | null;
}

/**
 * Whether one of the silences holds back messages of this alert. A silence covers its owner's own rules; an administrator's one
 * for a robot, labels or a rule covers everybody's.
 */
export function silencer(silences: Silence[], admins: Set<number>, now: number): (alert: Silenceable) => boolean {
  const active = silences.filter((silence) => isActive(silence, now));
  return (alert) =>
    active.some(
      ({ owner_id, rule_id, robot_id, labels }) =>
        (owner_id === alert.owner_id || (admins.has(owner_id) && (rule_id ?? robot_id ?? labels) !== null)) &&
        (rule_id === null || rule_id === alert.rule_id) &&
        (robot_id === null || robot_id === alert.robot_id) &&
        (labels === null || hasLabels(alert.labels, labels)),
    );
}
