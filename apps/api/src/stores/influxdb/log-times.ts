import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { upTo } from '../../caches/up-to.ts';
import { decodeLine } from '../../line-protocol/index.ts';
import { inSlices } from '../../scheduling/slices.ts';
import { type LogIdentity, logDigest } from './log-identity.ts';
import { LogPlaces, microsecond } from './log-places.ts';
import { type Span, spansOf } from './log-spans.ts';

/** @returns a robot's stored entries in a span of time */
export type FindLogs = (robotId: number, span: Span, signal: AbortSignal) => Promise<LogIdentity[]>;

interface LogLine {
  isLog: boolean;
  bytes: Buffer;
}

interface Known {
  /** `taken` has everything stored at or after this time, because all writes pass through here. */
  since: bigint;
  taken: LogPlaces;
}

const END_OF_TIME = 2n ** 63n;
/** Entries no older than this count as current: more are likely to follow. */
const PRESENT_MS = 60_000;
/** A robot whose look-up takes longer gets an error and retries, so that the rest of the batch does not wait. */
const LOOKUP_MS = 1_500;
const LOOKUPS_AT_ONCE = 4;
const MAX_ROBOTS = 20_000;
const MAX_TAKEN = 4_000;

/**
 * InfluxDB merges points of the same series and time, but log entries of one moment must stay separate. Log times have
 * microseconds at best, so the entry's text selects the nanosecond, or the next free one if another text has it. A
 * retried entry therefore finds its own place again.
 */
export class LogTimes {
  #find: FindLogs;
  #robots = new LRUCache<number, Known>(upTo(MAX_ROBOTS));
  #turns = new Map<number, ReturnType<typeof pLimit>>();

  constructor(find: FindLogs) {
    this.#find = find;
  }

  /**
   * @returns all lines as one body, with the log entries' times adjusted
   * @throws AppError store_unavailable when looking up stored entries takes too long
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

  /**
   * Reads the past only at the given moments, but everything from the present on, so that the next bodies need no
   * look-up.
   */
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

  /** Serialises a robot's bodies, so that two cannot take the same place. */
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
