import type { AlertNews, ChannelNews, Condition } from '../news.ts';
import type { Clock } from './times.ts';

/** A short text, and a sentence that says all. */
export interface Wording {
  title: string;
  text: string;
}

export interface Tally {
  robots: number;
  alerts: number;
  firing: number;
  resolved: number;
  /** What all of them are about, if it is the same. */
  kind?: Condition['kind'];
  /** If all of them are of one robot. */
  robotName?: string;
  /** The most important first. */
  ruleNames: string[];
}

/** The words of one language. */
export interface Phrases {
  alert(news: AlertNews, clock: Clock): Wording;
  channelFailing(news: ChannelNews, clock: Clock): Wording;
  test: Wording;
  /** The title of a message about several alerts. */
  several(tally: Tally): string;
  rule(name: string): string;
  more(count: number): string;
  severity: Record<AlertNews['severity'], string>;
  toRobot: string;
  toFleet: string;
}
