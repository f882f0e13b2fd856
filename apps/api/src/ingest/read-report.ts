import type { SeriesCatalog } from '../catalog/index.ts';
import type { Config } from '../config/config.ts';
import { AppError, databaseAway } from '../errors.ts';
import {
  type Precision,
  type RobotShape,
  type Stamp,
  type StampedLines,
  stamping,
  stampLines,
} from '../line-protocol/index.ts';
import type { ReportingRobot } from '../robots/index.ts';
import { inTime } from '../scheduling/in-time.ts';
import { inSlices } from '../scheduling/slices.ts';
import { Turns } from '../scheduling/take-turns.ts';
import { type Hold, type Ingest, storeAway } from './ingest.ts';
import type { RobotBudget } from './robot-budget.ts';
import { announcedSize, checkEncoding, tooLarge, unpack, unpackSmall } from './unpack.ts';

export interface ReadDeps {
  config: Config;
  catalog: SeriesCatalog;
  ingest: Ingest;
  budget: RobotBudget;
}

/** A body as it was sent. */
export interface SentReport {
  robot: ReportingRobot;
  body: Buffer;
  encoding: string | undefined;
  precision: Precision;
  /** When the answer is due, on performance.now()'s clock. */
  deadline: number;
}

/** A report's lines, checked and stamped, and the memory reserved for them. */
export interface ReadReport {
  shape: RobotShape;
  lines: StampedLines;
  hold: Hold;
}

/** Bodies of usual size are read in one go; longer ones take turns and yield to the event loop. */
const SHORT_BYTES = 65_536;
const LONG_AT_ONCE = 2;

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
   * database_unavailable
   */
  async read(sent: SentReport): Promise<ReadReport> {
    const { maxUnpackedBytes } = this.#deps.config.ingest;
    const encoding = checkEncoding(sent.encoding);
    if (encoding === 'gzip' && announcedSize(sent.body) > maxUnpackedBytes) throw tooLarge(maxUnpackedBytes);
    if (timeLeft(sent) < this.#deps.ingest.expectedWaitMs) throw storeAway();
    const short = encoding === 'identity' ? sent.body : unpackSmall(sent.body, maxUnpackedBytes);
    if (short && short.length > maxUnpackedBytes) throw tooLarge(maxUnpackedBytes);
    if (short && short.length <= SHORT_BYTES) return this.#stamp(sent, short);
    return this.#turns.take(sent.robot.id, async () => {
      if (timeLeft(sent) <= 0) throw storeAway();
      return this.#stamp(sent, short ?? (await unpack(sent.body, maxUnpackedBytes)));
    });
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
      return { shape, lines: await stampedBy(body, precision, stamp), hold };
    } catch (error) {
      hold.release();
      throw error;
    }
  }
}

const stampedBy = (body: Buffer, precision: Precision, stamp: Stamp) =>
  body.length <= SHORT_BYTES ? stampLines(body, precision, stamp) : inSlices(stamping(body, precision, stamp));

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
