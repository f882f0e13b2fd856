import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { decodeLine } from '../line-protocol/decode-line.ts';

/** A log entry as far as telling it from others goes. */
export interface LogIdentity {
  /** Nanoseconds since 1970. */
  time: bigint;
  digest: string;
}

/** @returns the entries of a robot that are stored at or after `from`, nanoseconds since 1970 */
export type FindLogs = (robotId: number, from: bigint) => Promise<LogIdentity[]>;

interface Known {
  /** Whatever is stored at or after this time is in `taken`. */
  since: bigint;
  taken: Map<bigint, string>;
}

const MICROSECOND = 1000n;
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

  /** @returns all the lines as one body, the log entries among them at their places */
  async keepApart(robotId: number, lines: { isLog: boolean; bytes: Buffer }[]): Promise<Buffer> {
    const entries = lines.map(({ isLog, bytes }) => (isLog ? identify(bytes) : undefined));
    const times = entries.flatMap((entry) => (entry ? [microsecond(entry.time)] : []));
    const earliest = times.reduce((least, time) => (time < least ? time : least));
    return this.#inTurn(robotId, async () => {
      const known = await this.#knownSince(robotId, earliest);
      const placed = lines.map(({ bytes }, i) => {
        const entry = entries[i];
        return entry ? withTime(bytes, place(known.taken, entry)) : bytes;
      });
      if (known.taken.size > MAX_TAKEN) forgetOldest(known);
      return Buffer.concat(placed);
    });
  }

  async #knownSince(robotId: number, earliest: bigint): Promise<Known> {
    const known = this.#robots.get(robotId);
    if (known && known.since <= earliest) return known;
    const taken = known?.taken ?? new Map<bigint, string>();
    for (const { time, digest } of await this.#find(robotId, earliest)) taken.set(time, digest);
    const now = { since: earliest, taken };
    this.#robots.set(robotId, now);
    return now;
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

function forgetOldest(known: Known): void {
  const times = [...known.taken.keys()].sort((a, b) => (a < b ? -1 : 1));
  const kept = times.slice(-MAX_TAKEN / 2);
  for (const time of times.slice(0, -kept.length)) known.taken.delete(time);
  known.since = microsecond((kept[0] as bigint) + MICROSECOND - 1n);
}
