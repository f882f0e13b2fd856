import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { decodeLine } from '../line-protocol/decode-line.ts';
import { type Span, spansOf } from './influxdb-log-spans.ts';

/** A log entry as far as telling it from others goes. */
export interface LogIdentity {
  /** Nanoseconds since 1970. */
  time: bigint;
  digest: string;
}

/** @returns the entries of a robot that are stored in a span of time */
export type FindLogs = (robotId: number, span: Span, signal: AbortSignal) => Promise<LogIdentity[]>;

interface Known {
  /** Whatever is stored at or after this time is in `taken`, since all that is written passes here. */
  since: bigint;
  /** Entries by their places, those met longest ago first. */
  taken: Map<bigint, string>;
}

const MICROSECOND = 1000n;
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
  async keepApart(
    robotId: number,
    lines: { isLog: boolean; bytes: Buffer }[],
    batchSignal: AbortSignal,
  ): Promise<Buffer> {
    const entries = lines.map(({ isLog, bytes }) => (isLog ? identify(bytes) : undefined));
    const moments = entries.flatMap((entry) => (entry ? [microsecond(entry.time)] : []));
    return this.#inTurn(robotId, async () => {
      const known = await this.#lookUp(robotId, moments, batchSignal);
      const placed = lines.map(({ bytes }, i) => {
        const entry = entries[i];
        return entry ? withTime(bytes, place(known.taken, entry)) : bytes;
      });
      if (known.taken.size > MAX_TAKEN) forgetSome(known);
      return Buffer.concat(placed);
    });
  }

  /** Of the past only the moments themselves are read, from the present on everything: the next bodies need no look-up. */
  async #lookUp(robotId: number, moments: bigint[], batchSignal: AbortSignal): Promise<Known> {
    const known = this.#robots.get(robotId) ?? { since: END_OF_TIME, taken: new Map<bigint, string>() };
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

const microsecond = (time: bigint) => time - (((time % MICROSECOND) + MICROSECOND) % MICROSECOND);

function identify(bytes: Buffer): LogIdentity {
  const { fields, tags, time } = decodeLine(bytes);
  const read = (name: string) => String(fields.get(name)?.value ?? '');
  return { time: BigInt(time), digest: logDigest(read('message'), read('level'), read('program'), tags) };
}

function place(taken: Map<bigint, string>, { time, digest }: LogIdentity): bigint {
  const start = microsecond(time);
  const first = BigInt(Buffer.from(digest, 'base64url').readUInt32LE()) % MICROSECOND;
  const isFree = (at: bigint) => !taken.has(at) || taken.get(at) === digest;
  let step = 0n;
  // Round the microsecond first; beyond it only when it is full.
  const at = () => start + (step < MICROSECOND ? (first + step) % MICROSECOND : step);
  while (!isFree(at())) step++;
  taken.set(at(), digest);
  return at();
}

function withTime(line: Buffer, time: bigint): Buffer {
  const start = line.lastIndexOf(32) + 1;
  return Buffer.concat([line.subarray(0, start), Buffer.from(`${time}\n`)]);
}

function forgetSome(known: Known): void {
  for (const time of known.taken.keys()) {
    if (known.taken.size <= MAX_TAKEN / 2) return;
    known.taken.delete(time);
    if (time >= known.since) known.since = microsecond(time) + MICROSECOND;
  }
}
