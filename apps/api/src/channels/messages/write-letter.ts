import type { Language } from '../../db/schema.ts';
import { type AlertNews, isOfAlert, type News, type Severity } from '../news.ts';
import { ENGLISH } from './english.ts';
import type { Phrases, Wording } from './phrases.ts';
import { RUSSIAN } from './russian.ts';

const PHRASES: Record<Language, Phrases> = { en: ENGLISH, ru: RUSSIAN };
const RANK: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** A message as every channel can show it. Texts are single lines, without any markup. */
export interface Letter {
  title: string;
  /** A sentence for each alert, the worst first. */
  lines: { text: string; url: string }[];
  /** Of the worst that fires; none when everything is over. */
  severity: Severity | undefined;
  rule?: string;
  url: string;
  linkText: string;
  more(count: number): string;
}

export interface LetterOptions {
  language: Language;
  /** IANA name. */
  timeZone: string;
  publicUrl: string;
  now: Date;
}

/** Writes one message about all of the news. */
export function writeLetter(news: News[], { language, timeZone, publicUrl, now }: LetterOptions): Letter {
  const phrases = PHRASES[language];
  const clock = { language, timeZone, now };
  const wordingOf = (one: News): Wording =>
    one.what === 'test'
      ? phrases.test
      : isOfAlert(one)
        ? phrases.alert(one, clock)
        : phrases.channelFailing(one, clock);
  const urlOf = (one: News) => (isOfAlert(one) ? `${publicUrl}/robots/${one.robot.id}` : publicUrl);
  const sorted = news.toSorted((one, other) => rank(one) - rank(other) || byName.compare(nameOf(one), nameOf(other)));
  const alerts = news.filter(isOfAlert);
  const worst = alerts.filter(({ what }) => what !== 'resolved').sort((a, b) => RANK[a.severity] - RANK[b.severity])[0];
  const [only] = news.length === 1 ? sorted : [];
  const robots = new Set(alerts.map(({ robot }) => robot.id));
  return {
    title: oneLine(only ? wordingOf(only).title : severalTitle(phrases, alerts, robots.size), LONGEST_TITLE),
    lines: sorted.map((one) => ({ text: oneLine(wordingOf(one).text), url: urlOf(one) })),
    severity:
      worst?.severity ??
      (alerts.length === 0 ? (news.some(({ what }) => what === 'test') ? 'info' : 'warning') : undefined),
    ...(only && isOfAlert(only) && { rule: oneLine(phrases.rule(only.rule.name)) }),
    url: robots.size === 1 && sorted[0] ? urlOf(sorted[0]) : publicUrl,
    linkText: robots.size === 1 ? phrases.toRobot : phrases.toFleet,
    more: phrases.more,
  };
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const nameOf = (one: News) => (isOfAlert(one) ? one.robot.name : '');
const rank = (one: News) => (isOfAlert(one) ? RANK[one.severity] + (one.what === 'resolved' ? 10 : 0) : 20);

function severalTitle(phrases: Phrases, alerts: AlertNews[], robots: number): string {
  const same = <T>(read: (one: AlertNews) => T) => {
    const values = new Set(alerts.map(read));
    return values.size === 1 ? [...values][0] : undefined;
  };
  const resolved = alerts.filter(({ what }) => what === 'resolved').length;
  return phrases.several({
    ...{ robots, alerts: alerts.length, resolved, firing: alerts.length - resolved },
    kind: same(({ condition }) => condition.kind),
    robotName: robots === 1 ? alerts[0]?.robot.name : undefined,
    ruleNames: rulesOf(alerts),
  });
}

/** In characters: the shortest limit of a chat, 2,000, holds a title and more than one line. */
const LONGEST_TITLE = 200;
const LONGEST_LINE = 700;

/** The most severe first, then those with the most alerts. */
function rulesOf(alerts: AlertNews[]): string[] {
  const groups = [...Map.groupBy(alerts, ({ rule }) => rule.id).values()];
  const worst = (group: AlertNews[]) => Math.min(...group.map(rank));
  return groups
    .sort((a, b) => worst(a) - worst(b) || b.length - a.length)
    .map(([first]) => (first as AlertNews).rule.name);
}

/** Names of robots and rules cannot add lines, nor turn the direction of a text. */
function oneLine(text: string, longest = LONGEST_LINE): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ');
  return line.length > longest ? `${[...line].slice(0, longest).join('')}…` : line;
}

/**
 * Joins the lines until the limit, and says how many are missing.
 * @param length what counts against the limit, such as characters or bytes
 */
export function fitLines(
  { lines, more }: Pick<Letter, 'lines' | 'more'>,
  write: (line: Letter['lines'][number]) => string,
  limit: number,
  length: (text: string) => number = (text) => text.length,
): string {
  const written: string[] = [];
  let used = 0;
  for (const [i, line] of lines.entries()) {
    const text = write(line);
    const room = i < lines.length - 1 ? length(more(lines.length)) + 1 : 0;
    if (used + length(text) + 1 + room > limit) return [...written, more(lines.length - i)].join('\n');
    written.push(text);
    used += length(text) + 1;
  }
  return written.join('\n');
}
