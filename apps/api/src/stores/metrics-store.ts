import { AppError } from '../errors.ts';
import type { FieldType, NewestValue, Selector, WindowMean } from '../figures/index.ts';
import type { Refusals, StampedLines } from '../line-protocol/index.ts';

/** One robot's share of a batch: stamped lines, and those already refused, which are not stored. */
export interface RobotLines {
  robotId: number;
  lines: StampedLines;
  refused: Refusals;
}

/** Result for one robot's share: the refused lines, or an error when it may not have been stored. */
export type Outcome = Refusals | Error;

export type Aggregate = 'mean' | 'min' | 'max' | 'last' | 'sum' | 'count';

export interface SeriesQuery {
  robotId: number;
  measurement: string;
  /** At least one; each of a type that `fn` supports. */
  fields: string[];
  /** Milliseconds since 1970; `to` is exclusive. */
  from: number;
  to: number;
  everySeconds: number;
  fn: Aggregate;
  /** A point's time: the start of its window, or, with `last` only, when the value was measured. */
  times?: 'window' | 'sample';
}

export interface Series {
  field: string;
  /** The point's own tags, without the four identity tags. */
  tags: Record<string, string>;
  points: [unixMs: number, value: number | string | boolean | null][];
}

/** Values in one reply; building it must not exhaust the memory. */
export const MAX_VALUES = 200_000;
export const tooManyValues = () =>
  new AppError(
    'validation_failed',
    `This would return more than ${MAX_VALUES} values. Ask for fewer fields, a shorter range or a longer every.`,
  );

/** Bytes of text in one reply, as stored; slightly more as JSON. */
export const MAX_TEXT_BYTES = 4 << 20;
export const tooMuchText = () =>
  new AppError(
    'validation_failed',
    'The text values are too long for one reply. Ask for fewer fields, a shorter range or a longer every.',
  );

export interface LogQuery {
  robotId: number;
  from: number;
  to: number;
  level?: string[];
  program?: string;
  q?: string;
  limit: number;
  cursor?: string;
}

export interface LogEntry {
  time: string;
  level: string | null;
  program: string | null;
  message: string;
}

/** Asks for the newest value of every selected series of many robots. */
export interface NewestQuery {
  robotIds: number[];
  selectors: Selector[];
  /** Milliseconds since 1970; older values are ignored. */
  since: number;
}

/** Asks for the mean per window of every selected series of many robots. */
export interface MeansQuery {
  robotIds: number[];
  selectors: Selector[];
  /** Milliseconds since 1970; the range is a whole number of windows. */
  from: number;
  to: number;
  everySeconds: number;
}

export type WindowFunction = Aggregate | 'increase' | 'changed';

/** Asks for one aggregate of a field, for each of its series that has these tags. */
export interface WindowQuestion {
  measurement: string;
  /** Null: any, with `count` only. */
  field: string | null;
  tags: Record<string, string>;
  /**
   * `last` and `changed` answer for strings and booleans, too; the others for numbers only. `increase` is the growth of a counter,
   * whose falling is a reset to zero; `changed` tells whether there are different values.
   */
  fn: WindowFunction;
}

/** Asks the same questions of many robots, for one window. */
export interface WindowsQuery {
  robotIds: number[];
  questions: WindowQuestion[];
  /** Milliseconds since 1970; `to` is exclusive. */
  from: number;
  to: number;
}

export interface WindowAnswer {
  robotId: number;
  /** Its place among the questions. */
  question: number;
  value: number | string | boolean;
}

/** Which log entries to count, as in LogQuery. */
export interface LogFilter {
  level?: string[];
  program?: string;
  q?: string;
}

export interface LogMatchesQuery {
  robotIds: number[];
  filters: LogFilter[];
  from: number;
  to: number;
}

export interface LogMatches {
  robotId: number;
  /** Its place among the filters. */
  filter: number;
  count: number;
}

export interface Measurement {
  measurement: string;
  fields: { field: string; type: FieldType }[];
}

/** Aggregates per hour of one robot's numeric fields. */
export interface HoursQuery {
  robotId: number;
  measurements: { measurement: string; fields: string[] }[];
  /** Milliseconds since 1970; `to` is exclusive. They may cut an hour. */
  from: number;
  to: number;
}

export interface HourValues {
  measurement: string;
  field: string;
  tags: Record<string, string>;
  /** Since 1970. */
  hour: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  /** Milliseconds since 1970. */
  lastAt: number;
}

/** Levels as syslog and common loggers spell them. */
export const LOG_LEVELS = [
  ...['emerg', 'emergency', 'panic', 'fatal', 'alert', 'crit', 'critical', 'err', 'error'],
  ...['warning', 'warn', 'notice', 'info', 'debug', 'trace'],
];

export interface LogCount {
  hour: number;
  /** One of LOG_LEVELS, `other`, or empty when missing. */
  level: string;
  count: number;
}

/** Storage of metrics and logs. Every implementation gives the same results. */
export interface MetricsStore {
  /**
   * Resolves when every line that was not refused is stored durably; rejects when that is uncertain, or `signal`
   * aborts.
   * @returns an outcome for each robot's share, in the order of `batch`
   */
  write(batch: RobotLines[], signal: AbortSignal): Promise<Outcome[]>;

  /** The part of the store that a robot's points are in. Parts fail each by itself, so a batch to write is of one part. */
  partOf(robotId: number): number;

  /**
   * Aborting `signal` also stops the query in the engine. @throws AppError validation_failed when too large for one
   * reply
   */
  series(query: SeriesQuery, signal: AbortSignal): Promise<Series[]>;
  /** Newest first. Pages with long entries may be shorter than `limit`. */
  logs(query: LogQuery, signal: AbortSignal): Promise<{ items: LogEntry[]; next_cursor: string | null }>;
  /** Numbers only; one value for each series and field. */
  newest(query: NewestQuery, signal: AbortSignal): Promise<NewestValue[]>;
  /** Numbers only; windows without values are absent. */
  means(query: MeansQuery, signal: AbortSignal): Promise<WindowMean[]>;
  /** An answer for each series that has values in the window: a robot may have several to one question. */
  windows(query: WindowsQuery, signal: AbortSignal): Promise<WindowAnswer[]>;
  /** Robots without such entries are absent. */
  logMatches(query: LogMatchesQuery, signal: AbortSignal): Promise<LogMatches[]>;
  /** Hours without points are absent. */
  hours(query: HoursQuery, signal: AbortSignal): Promise<HourValues[]>;
  /** Log entries per hour and level. */
  logCounts(robotId: number, from: number, to: number, signal: AbortSignal): Promise<LogCount[]>;
  purge(robotId: number): Promise<void>;
  /** Brings what was written lately into the form in which it is kept, where the engine does not do so by itself. */
  pack(signal: AbortSignal): Promise<void>;
  /** Drops data past its retention and creates the partitions for the coming days. */
  maintain(): Promise<void>;
  /** @throws when it cannot serve */
  ready(): Promise<void>;
  close(): Promise<void>;
}
