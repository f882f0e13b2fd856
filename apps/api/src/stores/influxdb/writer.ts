import { LRUCache } from 'lru-cache';
import { upTo } from '../../caches/up-to.ts';
import { AppError } from '../../errors.ts';
import type { KnownSeries, Refusal, Refusals } from '../../line-protocol/index.ts';
import type { Outcome, RobotLines } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import type { LogTimes } from './log-times.ts';

/** A line to be written, and the share it belongs to. */
interface Line {
  /** Index in the batch. */
  share: number;
  index: number;
  bytes: Buffer;
}

/**
 * Robots with recently refused lines are written separately, so that others do not wait while bad lines are searched
 * for.
 */
const SUSPECT_MS = 300_000;
/** Writes that finding one robot's bad lines may take. */
const MAX_SORTING = 60;
const REFUSED = [400, 413, 422];

/** Writes a batch of many robots as one body. If InfluxDB refuses it, finds the bad lines. */
export class InfluxWriter {
  #client: InfluxClient;
  #logTimes: LogTimes;
  #suspects = new LRUCache<number, true>({ ...upTo(10_000), ttl: SUSPECT_MS });

  constructor(client: InfluxClient, logTimes: LogTimes) {
    this.#client = client;
    this.#logTimes = logTimes;
  }

  async write(batch: RobotLines[], signal: AbortSignal): Promise<Outcome[]> {
    const refusals = batch.map(() => new Map<number, Refusal>());
    const bodies = await this.#bodies(batch, signal);
    const isSuspect = (share: number) => this.#suspects.has(batch[share]?.robotId as number);
    const { trusted = [], suspect = [] } = Object.groupBy(readyOf(bodies), (share) =>
      isSuspect(share) ? 'suspect' : 'trusted',
    );
    const groups = [trusted, ...suspect.map((share) => [share])].filter((group) => group.length > 0);
    for (const group of groups) {
      const whole = Buffer.concat(group.map((share) => bodies[share] as Buffer));
      const reply = await this.#post(whole, signal);
      if (reply.refused === undefined) continue;
      const lines = group.flatMap((share) => linesOf(batch[share] as RobotLines, bodies[share] as Buffer, share));
      await this.#sortOut(lines, refusals, new Map(), signal, reply.refused);
      for (const share of group) if (refusals[share]?.size) this.#suspects.set(batch[share]?.robotId as number, true);
    }
    return bodies.map((body, share) => (body instanceof Error ? body : (refusals[share] as Refusals)));
  }

  /**
   * Each robot's lines as one body, without refused ones and with log entries kept apart; or the error that prevented
   * it.
   */
  async #bodies(batch: RobotLines[], signal: AbortSignal): Promise<(Buffer | Error)[]> {
    return Promise.all(
      batch.map(({ robotId, lines, refused }) => {
        if (refused.size === 0 && !lines.series.some(isLog)) return lines.bytes.subarray(0, lines.length);
        const kept = lines.series.flatMap((series, index) =>
          refused.has(index) ? [] : [{ isLog: isLog(series), bytes: lines.line(index) }],
        );
        if (!kept.some((line) => line.isLog)) return Buffer.concat(kept.map(({ bytes }) => bytes));
        return this.#logTimes.keepApart(robotId, kept, signal).catch((error: Error) => error);
      }),
    );
  }

  /**
   * Finds the bad lines by bisection, first between robots, then within one. Rewriting a line is idempotent: same
   * series, same time. @param reason InfluxDB's message about these lines
   */
  async #sortOut(
    lines: Line[],
    refusals: Map<number, Refusal>[],
    spent: Map<number, number>,
    signal: AbortSignal,
    reason: string,
  ): Promise<void> {
    const [first, last] = [lines[0] as Line, lines.at(-1) as Line];
    const oneRobot = first.share === last.share;
    const effort = spent.get(first.share) ?? 0;
    if (lines.length === 1 || (oneRobot && effort > MAX_SORTING)) {
      for (const { share, index } of lines) refusals[share]?.set(index, { kind: 'store', reason });
      return;
    }
    if (oneRobot) spent.set(first.share, effort + 1);
    const middle = oneRobot ? lines.length >> 1 : boundary(lines);
    for (const half of [lines.slice(0, middle), lines.slice(middle)]) {
      const reply = await this.#post(Buffer.concat(half.map(({ bytes }) => bytes)), signal);
      if (reply.refused !== undefined) await this.#sortOut(half, refusals, spent, signal, reply.refused);
    }
  }

  async #post(body: Buffer, signal: AbortSignal): Promise<{ refused: string | undefined }> {
    const { status, message } = await this.#client.write(body, signal).catch((error: Error) => {
      throw Object.assign(unavailable(), { cause: error });
    });
    if (status === 204) return { refused: undefined };
    if (REFUSED.includes(status)) return { refused: readable(message) };
    throw Object.assign(unavailable(), { cause: new Error(`InfluxDB answered ${status}: ${message}`) });
  }
}

const isLog = (series: KnownSeries | undefined) => series?.isLog === true;
const readyOf = (bodies: (Buffer | Error)[]) => [...bodies.keys()].filter((share) => bodies[share] instanceof Buffer);

const unavailable = () =>
  new AppError(
    'store_unavailable',
    'The metrics store does not accept data at the moment. Keep it and send it again later.',
    {
      retryAfter: 10,
    },
  );

function linesOf({ lines, refused }: RobotLines, body: Buffer, share: number): Line[] {
  const result: Line[] = [];
  let start = 0;
  for (let index = 0; index < lines.count; index++) {
    if (refused.has(index)) continue;
    // A log entry's time may have been adjusted, but it never changes in length.
    const end = start + lines.line(index).length;
    result.push({ share, index, bytes: body.subarray(start, end) });
    start = end;
  }
  return result;
}

/** Index in the middle where one robot's lines begin. */
function boundary(lines: Line[]): number {
  const middle = lines.length >> 1;
  const share = lines[middle]?.share;
  const start = lines.findIndex((line) => line.share === share);
  return start > 0 ? start : lines.findLastIndex((line) => line.share === share) + 1;
}

/** Strips the parts of the message that concern the whole batch or reveal other robots' tags. */
function readable(message: string): string {
  return message
    .replace(/^.*(partial write: |unable to parse )/s, '')
    .replace(/ dropped=\d+$/, '')
    .slice(0, 200);
}
