import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { decodeLine } from '../../line-protocol/index.ts';
import { inSlices } from '../../scheduling/slices.ts';
import { LogPlaces, microsecond } from './log-places.ts';
import { type Span, spansOf } from './log-spans.ts';

/** A log entry as far as telling it from others goes. */
export interface LogIdentity {
  /** Nanoseconds since 1970. */
  time: bigint;
  digest: string;
}

/** @returns the entries of a robot that are stored in a span of time */
export type FindLogs = (robotId: number, span: Span, signal: AbortSignal) => Promise<LogIdentity[]>;

interface LogLine {
  isLog: boolean;
  bytes: Buffer;
}

interface Known {
  /** Whatever is stored at or after this time is in `taken`, since all that is written passes here. */
  since: bigint;
  taken: LogPlaces;
}

const END_OF_TIME = 2n ** 63n;
/** Entries no older than this are what the robot logs at present: more of the kind will follow. */
const PRESENT_MS = 60_000;
/** A robot whose stored entries take longer to look up is told to try again: the others of its batch do not wait for it. */
const LOOKUP_MS = 1_500;
const LOOKUPS_AT_ONCE = 4;
const MAX_ROBOTS = 20_000;
const MAX_TAKEN = 4_000;

/** The same text for the same entry, whoever reads it; `tags` without the robot's identity. */
export function logDigest(message: string, level: string, program: string, tags: Record<string, string>): string {
  const sorted = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('md5', JSON.stringify([message, level, program, sorted]), 'base64url');
}

/**
 * Two points of one series and time are one point to InfluxDB, but two log entries of one moment are two. Logs have
 * microseconds at best and InfluxDB has nanoseconds: an entry's text chooses its nanosecond, and if another text is
 * there already, the next free one. So a retried entry finds its own place again.
 */
export class LogTimes {
  #find: FindLogs;
  #robots = new LRUCache<number, Known>({ max: MAX_ROBOTS });
  #turns = new Map<number, ReturnType<typeof pLimit>>();

  constructor(find: FindLogs) {
    this.#find = find;
  }

  /**
   * @returns all the lines as one body, the log entries among them at their places
   * @throws AppError store_unavailable when it takes too long to find out what is stored at their times
   */
  async keepApart(robotId: number, lines: LogLine[], batchSignal: AbortSignal): Promise<Buffer> {
    const entries = await inSlices(identifying(lines));
    const moments = entries.flatMap((entry) => (entry ? [microsecond(entry.time)] : []));
    return this.#inTurn(robotId, async () => {
      const known = await this.#lookUp(robotId, moments, batchSignal);
      const placed = await inSlices(placing(lines, entries, known.taken));
      if (known.taken.size > MAX_TAKEN) forgetSome(known);
      return Buffer.concat(placed);
    });
  }

  /** Of the past only the moments themselves are read, from the present on everything: the next bodies need no look-up. */
  async #lookUp(robotId: number, moments: bigint[], batchSignal: AbortSignal): Promise<Known> {
    const known = this.#robots.get(robotId) ?? { since: END_OF_TIME, taken: new LogPlaces() };
    const spans = spansOf(moments.filter((moment) => moment < known.since));
    if (spans.length === 0) return known;
    const last = spans.at(-1);
    const reachesPresent = last && last.to > BigInt(Date.now() - PRESENT_MS) * 1_000_000n;
    if (reachesPresent) last.to = known.since;
    const signal = AbortSignal.any([batchSignal, AbortSignal.timeout(LOOKUP_MS)]);
    const limit = pLimit(LOOKUPS_AT_ONCE);
    const found = (await limit.map(spans, (span) => this.#find(robotId, span, signal))).flat();
    found.sort((a, b) => (a.time < b.time ? -1 : 1));
    for (const { time, digest } of found) known.taken.set(time, digest);
    if (reachesPresent) known.since = last.from;
    this.#robots.set(robotId, known);
    return known;
  }

  /** One robot's bodies one after the other, so that two cannot take the same place. */
  #inTurn<T>(robotId: number, run: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(robotId) ?? pLimit(1);
    this.#turns.set(robotId, turn);
    return turn(run).finally(() => {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(robotId);
    });
  }
}

function* identifying(lines: LogLine[]): Generator<void, (LogIdentity | undefined)[]> {
  const entries: (LogIdentity | undefined)[] = [];
  for (const { isLog, bytes } of lines) {
    entries.push(isLog ? identify(bytes) : undefined);
    yield;
  }
  return entries;
}

function* placing(lines: LogLine[], entries: (LogIdentity | undefined)[], taken: LogPlaces): Generator<void, Buffer[]> {
  const placed: Buffer[] = [];
  for (const [i, { bytes }] of lines.entries()) {
    const entry = entries[i];
    placed.push(entry ? withTime(bytes, taken.place(entry)) : bytes);
    yield;
  }
  return placed;
}

function identify(bytes: Buffer): LogIdentity {
  const { fields, tags, time } = decodeLine(bytes);
  const read = (name: string) => String(fields.get(name)?.value ?? '');
  return { time: BigInt(time), digest: logDigest(read('message'), read('level'), read('program'), tags) };
}

function withTime(line: Buffer, time: bigint): Buffer {
  const start = line.lastIndexOf(32) + 1;
  return Buffer.concat([line.subarray(0, start), Buffer.from(`${time}\n`)]);
}

function forgetSome(known: Known): void {
  const all = [...known.taken.entries()];
  const [gone, kept] = [all.slice(0, -MAX_TAKEN / 2), all.slice(-MAX_TAKEN / 2)];
  for (const [time] of gone) if (time >= known.since) known.since = microsecond(time) + 1000n;
  known.taken = new LogPlaces();
  for (const [time, digest] of kept) known.taken.set(time, digest);
}
