import { AppError } from '../../errors.ts';
import {
  decodeFields,
  decodeHead,
  decodePoint,
  type KnownSeries,
  text,
  unescapeKey,
} from '../../line-protocol/index.ts';
import { inSlices } from '../../scheduling/slices.ts';
import type { Outcome, RobotLines } from '../metrics-store.ts';
import type { ClickHouse } from './client.ts';
import { InsertQueue } from './insert-queue.ts';
import { RowBinary } from './row-binary.ts';
import { addEntry, addHead, addValue, LOG_COLUMNS, POINT_COLUMNS } from './rows.ts';
import type { Table } from './tables.ts';

const LINES_AT_ONCE = 32;

/** The beginning of all rows of a series. */
const heads = new WeakMap<KnownSeries, Buffer>();
/** Field names, unescaped; the robots of a fleet share them. */
const names = new Map<string, string>();
const MAX_NAMES = 100_000;

let lastVersion = 0n;
/** Of two values of one series, field and time, the one with the greater version counts. */
function nextVersion(): bigint {
  const now = BigInt(Date.now()) * 1_000_000n;
  lastVersion = now > lastVersion ? now : lastVersion + 1n;
  return lastVersion;
}

/** Writes batches of many robots, those of the same moment and shard together. */
export class ClickHouseWriter {
  #db: ClickHouse;
  #queues: InsertQueue[] = [];

  constructor(db: ClickHouse) {
    this.#db = db;
  }

  #queueOf(shard: number): InsertQueue {
    this.#queues[shard] ??= new InsertQueue(async ({ points, logs }, signal) => {
      const inserts: Promise<void>[] = [];
      const add = (table: Table, columns: readonly string[], rows: Buffer) =>
        rows.length > 0 && inserts.push(this.#db.insert({ shard, table, columns, rows }, signal));
      add('points', POINT_COLUMNS, points);
      add('logs', LOG_COLUMNS, logs);
      await Promise.all(inserts);
    });
    return this.#queues[shard];
  }

  /** @param batch of one shard's robots */
  async write(batch: RobotLines[]): Promise<Outcome[]> {
    const [points, logs] = [new RowBinary(), new RowBinary()];
    await inSlices(encoding(batch, points, logs));
    const shard = this.#db.shardOf(batch[0]?.robotId ?? 0);
    await this.#queueOf(shard)
      .add({ points: points.bytes, logs: logs.bytes })
      .catch((error: Error) => {
        throw Object.assign(unavailable(), { cause: error });
      });
    return batch.map(() => new Map());
  }
}

function* encoding(batch: RobotLines[], points: RowBinary, logs: RowBinary): Generator<void, void> {
  const version = nextVersion();
  for (const { robotId, lines, refused } of batch)
    for (let i = 0; i < lines.count; i++) {
      if (i % LINES_AT_ONCE === 0) yield;
      if (refused.has(i)) continue;
      const series = lines.series[i] as KnownSeries;
      if (series.isLog) addLogLine(logs, robotId, series, lines.line(i));
      else addPoint(points, robotId, series, lines.line(i), version);
    }
}

function addPoint(rows: RowBinary, robotId: number, series: KnownSeries, line: Buffer, version: bigint): void {
  const head = headOf(robotId, series);
  const time = timeOf(line);
  decodeFields(line, series.head.length, (name, { type, value }) => {
    rows.raw(head);
    addValue(rows, { field: nameOf(name), time, type, value, version });
  });
}

function headOf(robotId: number, series: KnownSeries): Buffer {
  const known = heads.get(series);
  if (known) return known;
  const { measurement, tags } = decodeHead(series.head);
  const head = new RowBinary();
  addHead(head, robotId, measurement, tags);
  const bytes = Buffer.from(head.bytes);
  heads.set(series, bytes);
  return bytes;
}

function nameOf(escaped: string): string {
  const known = names.get(escaped);
  if (known !== undefined) return known;
  const name = text(unescapeKey(escaped));
  if (names.size >= MAX_NAMES) names.clear();
  names.set(escaped, name);
  return name;
}

const SPACE = 32;
/** A line's time, which ends it. */
const timeOf = (line: Buffer): bigint => BigInt(line.toString('latin1', line.lastIndexOf(SPACE) + 1, line.length - 1));

function addLogLine(rows: RowBinary, robotId: number, series: KnownSeries, line: Buffer): void {
  const { fields, time } = decodePoint(line, series.head.length);
  const { tags } = decodeHead(series.head);
  const read = (field: string) => String(fields.get(field)?.value ?? '');
  const entry = { level: read('level'), program: read('program'), message: read('message') };
  addEntry(rows, robotId, { ...entry, tags, time: BigInt(time) });
}

const unavailable = () =>
  new AppError(
    'store_unavailable',
    'The metrics store does not accept data at the moment. Keep it and send it again later.',
    { retryAfter: 10 },
  );
