import { AppError } from '../errors.ts';
import type { FieldType, NewestValue, Selector, WindowMean } from '../figures/index.ts';
import type { Refusals, StampedLines } from '../line-protocol/index.ts';

/** One robot's share of a gathered write: checked, stamped lines, without those refused already. */
export interface RobotLines {
  robotId: number;
  lines: StampedLines;
  refused: Refusals;
}

/** What became of one robot's share: the lines that were refused, or why it is not known to be stored. */
export type Outcome = Refusals | Error;

export type Aggregate = 'mean' | 'min' | 'max' | 'last' | 'sum' | 'count';

export interface SeriesQuery {
  robotId: number;
  measurement: string;
  /** At least one; each of a type that `fn` can work on. */
  fields: string[];
  /** Milliseconds since 1970; `to` is exclusive. */
  from: number;
  to: number;
  everySeconds: number;
  fn: Aggregate;
  /** What a point's time is: its window's beginning, or with `last` also the value's own. */
  times?: 'window' | 'sample';
}

export interface Series {
  field: string;
  /** The point's own tags, without the four of the robot's identity. */
  tags: Record<string, string>;
  points: [unixMs: number, value: number | string | boolean | null][];
}

/** Values of one reply: what is being put together must not fill the memory. */
export const MAX_VALUES = 200_000;
export const tooManyValues = () =>
  new AppError(
    'validation_failed',
    `This is more than ${MAX_VALUES} values at once. Ask for fewer fields, a shorter range or a longer every.`,
  );

/** Bytes of text in one reply, as it is kept: as JSON it may be somewhat more. */
export const MAX_TEXT_BYTES = 4 << 20;
export const tooMuchText = () =>
  new AppError(
    'validation_failed',
    'These values are too long for one reply. Ask for fewer fields, a shorter range or a longer every.',
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

/** Of many robots: the newest value of every series that a selector names. */
export interface NewestQuery {
  robotIds: number[];
  selectors: Selector[];
  /** Milliseconds since 1970: what is older is not looked for. */
  since: number;
}

/** Of many robots: the mean in each window of every series that a selector names. */
export interface MeansQuery {
  robotIds: number[];
  selectors: Selector[];
  /** Milliseconds since 1970, whole windows apart. */
  from: number;
  to: number;
  everySeconds: number;
}

export interface Measurement {
  measurement: string;
  fields: { field: string; type: FieldType }[];
}

/** Of one robot: what each hour of some numeric fields comes to. */
export interface HoursQuery {
  robotId: number;
  measurements: { measurement: string; fields: string[] }[];
  /** Milliseconds since 1970; `to` is exclusive. Hours that they cut are cut. */
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

export interface LogCount {
  hour: number;
  /** As the robot wrote it; empty when it gave none. */
  level: string;
  count: number;
}

/** Where metrics and logs are kept. Every engine answers the same. */
export interface MetricsStore {
  /**
   * Resolves when all that was not refused is stored durably; rejects when that is not known, also once `signal` aborts.
   * @returns what became of each robot's share, in the order given
   */
  write(batch: RobotLines[], signal: AbortSignal): Promise<Outcome[]>;
  /** Reads end, in the engine too, when `signal` aborts. @throws AppError validation_failed when it is too much for one reply */
  series(query: SeriesQuery, signal: AbortSignal): Promise<Series[]>;
  /** Newest first. A page is shorter than `limit` where its entries are long. */
  logs(query: LogQuery, signal: AbortSignal): Promise<{ items: LogEntry[]; next_cursor: string | null }>;
  /** Numbers only; one value for each series and field. */
  newest(query: NewestQuery, signal: AbortSignal): Promise<NewestValue[]>;
  /** Of numbers only; windows without any are absent. */
  means(query: MeansQuery, signal: AbortSignal): Promise<WindowMean[]>;
  /** Hours without points are absent. */
  hours(query: HoursQuery, signal: AbortSignal): Promise<HourValues[]>;
  /** How many log entries of each level a robot has in each hour. */
  logCounts(robotId: number, from: number, to: number, signal: AbortSignal): Promise<LogCount[]>;
  purge(robotId: number): Promise<void>;
  /** Drops what has outlived its retention, prepares room for what comes. */
  maintain(): Promise<void>;
  /** @throws when it cannot serve */
  ready(): Promise<void>;
  close(): Promise<void>;
}
