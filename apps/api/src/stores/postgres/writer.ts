import type { RawBuilder } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { decodePoint, type Refusal, type Refusals } from '../../line-protocol/index.ts';
import { inSlices } from '../../scheduling/slices.ts';
import type { RobotLines } from '../metrics-store.ts';
import type { ChannelIds } from './channels.ts';
import { identifyingLogs, insertLogs, type LogPoint } from './log-rows.ts';
import type { Partitions } from './partitions.ts';
import { decodeValues, groupingValues, insertOthers, insertValues, type Point, unknownFields } from './value-rows.ts';

/** Limits for one statement, because it is built without yielding. */
const STATEMENT_ROWS = 2_000;
const STATEMENT_BYTES = 1 << 20;

/** Decodes a batch and stores it with a few statements in one transaction. */
export class PostgresWriter {
  #db: Database;
  #partitions: Partitions;
  #channels: ChannelIds;

  constructor(db: Database, partitions: Partitions, channels: ChannelIds) {
    this.#db = db;
    this.#partitions = partitions;
    this.#channels = channels;
  }

  async write(batch: RobotLines[]): Promise<Refusals[]> {
    const refusals = batch.map(() => new Map<number, Refusal>());
    const { points, logs } = await inSlices(decoding(batch, refusals));
    const unknown = await inSlices(unknownFields(points, this.#channels));
    if (unknown.length > 0) await this.#channels.add(unknown);
    const { values, others } = await inSlices(groupingValues(points, this.#channels));
    await this.#partitions.ensure(daysOf([...others, ...logs]));
    const statements = [
      ...statementsOf(values, insertValues),
      ...statementsOf(others, insertOthers),
      ...statementsOf(await inSlices(identifyingLogs(logs)), insertLogs),
    ];
    await this.#execute(statements);
    // The catalog has already checked the types.
    return refusals;
  }

  async #execute(statements: (() => RawBuilder<unknown>)[]): Promise<void> {
    if (statements.length === 1) await statements[0]?.().execute(this.#db);
    else if (statements.length > 1)
      await this.#db.transaction().execute(async (tx) => {
        for (const statement of statements) await statement().execute(tx);
      });
  }
}

function* decoding(
  batch: RobotLines[],
  refusals: Map<number, Refusal>[],
): Generator<void, { points: Point[]; logs: LogPoint[] }> {
  const points: Point[] = [];
  const logs: LogPoint[] = [];
  for (const [share, { robotId, lines, refused }] of batch.entries()) {
    for (const [index, series] of lines.series.entries()) {
      if (refused.has(index)) continue;
      const line = lines.line(index);
      if (series.isLog) logs.push({ robotId, series, ...decodePoint(line, series.head.length) });
      else points.push(decodeValues(robotId, series, line, (refusal) => refusals[share]?.set(index, refusal)));
      yield;
    }
  }
  return { points, logs };
}

/** At least one time for each day that has items. */
function daysOf(items: { time: string }[]): bigint[] {
  const days = new Map<string, bigint>();
  for (const { time } of items) {
    // Dropping ten digits groups times by ten seconds, which divide a day evenly.
    const moment = time.length > 11 ? time.slice(0, -10) : time;
    if (!days.has(moment)) days.set(moment, BigInt(time));
  }
  return [...days.values()];
}

/** Statements are built when their turn comes, since each copies its rows. */
function* statementsOf<Row extends { size: number }>(
  rows: Row[],
  build: (rows: Row[]) => RawBuilder<unknown>,
): Generator<() => RawBuilder<unknown>> {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < rows.length; i++) {
    bytes += (rows[i] as Row).size;
    if (i - start + 1 < STATEMENT_ROWS && bytes < STATEMENT_BYTES && i < rows.length - 1) continue;
    const some = rows.slice(start, i + 1);
    yield () => build(some);
    [start, bytes] = [i + 1, 0];
  }
}
