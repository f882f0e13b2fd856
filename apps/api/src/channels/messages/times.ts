import type { Language } from '../../db/schema.ts';

export interface Clock {
  language: Language;
  /** IANA name. */
  timeZone: string;
  now: Date;
}

const LOCALES: Record<Language, string> = { en: 'en-GB', ru: 'ru' };
const MONTHS = { en: 'short', ru: 'long' } as const;

/** Time of day, with the day unless it is today: `14:03`, `14:03 on 26 Nov`. */
function timeText(at: Date, { language, timeZone, now }: Clock): string {
  const time = at.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const day = (one: Date) =>
    one.toLocaleDateString(LOCALES[language], { timeZone, day: 'numeric', month: MONTHS[language] });
  if (day(at) === day(now) && Math.abs(now.getTime() - at.getTime()) < 172_800_000) return time;
  return language === 'en' ? `${time} on ${day(at)}` : `${time} ${day(at)}`;
}

/** `UTC+3`, as it is at that time. */
function zoneText(at: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(at);
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC').replace(/^GMT(?:\+0)?$|^GMT/, 'UTC');
}

/** `14:03 (UTC+3)` */
export function since(at: string, clock: Clock): string {
  const date = new Date(at);
  return `${timeText(date, clock)} (${zoneText(date, clock.timeZone)})`;
}

/** `from 14:03 to 14:20 (UTC+3)` */
export function period(from: string, to: string, clock: Clock): string {
  const [first, last] = [new Date(from), new Date(to)];
  const [begin, end] = [timeText(first, clock), `${timeText(last, clock)} (${zoneText(last, clock.timeZone)})`];
  return clock.language === 'en' ? `from ${begin} to ${end}` : `с ${begin} до ${end}`;
}
