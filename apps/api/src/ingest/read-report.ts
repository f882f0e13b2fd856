import type { SeriesCatalog } from '../catalog/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, databaseAway } from '../errors.ts';
import {
  type Correction,
  type Precision,
  type RobotShape,
  readingTimes,
  type Stamp,
  type StampedLines,
  stamping,
  stampLines,
} from '../line-protocol/index.ts';
import { type ReportingRobot, shiftOf } from '../robots/index.ts';
import { inTime } from '../scheduling/in-time.ts';
import type { LoopTurns } from '../scheduling/loop-turns.ts';
import { inSlices } from '../scheduling/slices.ts';
import { Turns } from '../scheduling/take-turns.ts';
import type { Lane } from '../scheduling/two-lanes.ts';
import { type Hold, type Ingest, storeAway } from './ingest.ts';
import type { RobotBudget } from './robot-budget.ts';
import { announcedSize, checkEncoding, tooLarge, unpack, unpackSmall } from './unpack.ts';
import { findWrongClock, type WrongClock } from './wrong-clock.ts';

export interface ReadDeps {
  db: Database;
  config: Config;
  catalog: SeriesCatalog;
  ingest: Ingest;
  budget: RobotBudget;
  loopTurns: LoopTurns;
}

/** A body as it was sent. */
export interface SentReport {
  robot: ReportingRobot;
  body: Buffer;
  encoding: string | undefined;
  /** The robot's present boot, where its agent tells. */
  boot: string | null;
  precision: Precision;
  /** When the answer is due, on performance.now()'s clock. */
  deadline: number;
}

/** A report's lines, checked and stamped, and the memory reserved for them. */
export interface ReadReport {
  shape: RobotShape;
  lines: StampedLines;
  lane: Lane;
  hold: Hold;
}

/** Nanoseconds. */
const MS = 1_000_000n;
/** Bodies of usual size are read in one go; longer ones take turns and yield to the event loop. */
const SHORT_BYTES = 65_536;
const LONG_AT_ONCE = 2;
/** Turns of the event loop until a body is stored: the check of its token, the write, and where something is new, that. */
const TURNS = 3;
const laneOf = (bytes: number): Lane => (bytes <= SHORT_BYTES ? 'short' : 'long');

/**
 * Unpacks and reads reports. Refuses early what could not be stored before its deadline. No body, whatever its content,
 * blocks the event loop for more than a few milliseconds.
 */
export class ReportReader {
  #deps: ReadDeps;
  #turns = new Turns(LONG_AT_ONCE);

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /**
   * @throws AppError payload_too_large, unsupported_media_type, nothing_usable, rate_limited, store_unavailable,
   * overloaded, database_unavailable
   */
  async read(sent: SentReport): Promise<ReadReport> {
    const { maxUnpackedBytes } = this.#deps.config.ingest;
    const encoding = checkEncoding(sent.encoding);
    const announced = encoding === 'gzip' ? announcedSize(sent.body) : 0;
    if (announced > maxUnpackedBytes) throw tooLarge(maxUnpackedBytes);
    this.#checkTime(sent, laneOf(Math.max(announced, sent.body.length)));
    const short = encoding === 'identity' ? sent.body : unpackSmall(sent.body, maxUnpackedBytes);
    if (short && short.length > maxUnpackedBytes) throw tooLarge(maxUnpackedBytes);
    if (short && short.length <= SHORT_BYTES) return this.#stamp(sent, short);
    return this.#turns.take(sent.robot.id, async () => {
      if (timeLeft(sent) <= 0) throw storeAway();
      return this.#stamp(sent, short ?? (await unpack(sent.body, maxUnpackedBytes)));
    });
  }

  /** @throws AppError store_unavailable, overloaded */
  #checkTime(sent: SentReport, lane: Lane): void {
    const { ingest, loopTurns } = this.#deps;
    const [leftMs, storeMs] = [timeLeft(sent), ingest.expectedWaitMs(sent.robot.id, lane)];
    if (leftMs > storeMs + TURNS * loopTurns.meanMs) return;
    throw storeMs > 0 && leftMs <= storeMs ? storeAway() : tooBusy();
  }

  /** @throws AppError database_unavailable */
  async #correctionFor(sent: SentReport, body: Buffer, stamp: Stamp): Promise<Correction | undefined> {
    const { robot, boot, precision } = sent;
    const { db, config } = this.#deps;
    const times = await inSlices(readingTimes(body, precision));
    const pairedAt = boot === null ? undefined : BigInt(robot.paired_at.getTime()) * MS;
    const wrong = findWrongClock(times, { ...stamp, pairedAt });
    if (!wrong) return undefined;
    const reading = {
      ...{ robotId: robot.id, boot: boot ?? '', kind: wrong.kind, newestMs: Number(wrong.newest / MS) },
      ...{ receivedMs: Number(stamp.receivedAt / MS), retentionMs: config.metrics.retention * 1000 },
    };
    const shiftMs = await inTime(shiftOf(db, reading), timeLeft(sent), databaseAway);
    return { from: wrong.from, to: wrong.to, shift: BigInt(shiftMs) * MS, mark: markOf(wrong, shiftMs) };
  }

  async #stamp(sent: SentReport, body: Buffer): Promise<ReadReport> {
    const { robot, precision } = sent;
    const { config, budget, catalog, ingest } = this.#deps;
    const { maxLines } = config.ingest;
    const lines = countLines(body, maxLines);
    if (lines > maxLines)
      throw new AppError('payload_too_large', `The body has more than ${maxLines} lines. Send smaller batches.`);
    budget.spend(robot.id, { lines, bytes: body.length });
    const hold = ingest.hold(robot.id, body.length * 2);
    try {
      const known = catalog.knownShape(robot);
      const shape = known ?? (await inTime(catalog.shapeOf(robot), timeLeft(sent), databaseAway));
      const stamp = { shape, ...acceptedTimes(config) };
      const lane = laneOf(body.length);
      const stamped = await stampedBy(body, precision, stamp);
      if (!stamped.hasStrangeTimes) return { shape, lines: stamped, lane, hold };
      const correction = await this.#correctionFor(sent, body, stamp);
      const lines = correction ? await stampedBy(body, precision, { ...stamp, correction }) : stamped;
      return { shape, lines, lane, hold };
    } catch (error) {
      hold.release();
      throw error;
    }
  }
}

/** How far a boot's wrong clock was off, as a point among the others. */
const markOf = ({ lines, newest }: WrongClock, shiftMs: number) =>
  `clock_correction shift_ms=${shiftMs}i,lines=${lines}i ${newest}`;

const stampedBy = (body: Buffer, precision: Precision, stamp: Stamp) =>
  body.length <= SHORT_BYTES ? stampLines(body, precision, stamp) : inSlices(stamping(body, precision, stamp));

const tooBusy = () =>
  new AppError('overloaded', 'The server has more to do than it can do in time. Keep the data and send it again.', {
    retryAfter: 10,
  });

export const timeLeft = ({ deadline }: { deadline: number }) => deadline - performance.now();

function acceptedTimes({ metrics }: Config) {
  const receivedAt = BigInt(Date.now()) * 1_000_000n;
  const seconds = (count: number) => BigInt(count) * 1_000_000_000n;
  return {
    receivedAt,
    oldest: receivedAt - seconds(metrics.retention),
    newest: receivedAt + seconds(metrics.maxFuture),
  };
}

/** Stops counting at `most` + 1. */
function countLines(body: Buffer, most: number): number {
  let lines = body.length > 0 ? 1 : 0;
  for (let i = body.indexOf(10); i !== -1 && lines <= most; i = body.indexOf(10, i + 1)) lines++;
  return lines;
}
