import { sql } from 'kysely';
import type { Logger } from 'pino';
import { cancellable } from '../../db/cancellable.ts';
import { RangePartitions } from '../../db/range-partitions.ts';
import type { Database, Db } from '../../db/schema.ts';
import type {
  HoursQuery,
  LogMatchesQuery,
  LogQuery,
  MeansQuery,
  MetricsStore,
  NewestQuery,
  RobotLines,
  SeriesQuery,
  WindowsQuery,
} from '../metrics-store.ts';
import { ChannelIds, channelIdsOf } from './channels.ts';
import { FormerPoints } from './former-points.ts';
import { queryHours, queryLogCounts } from './hours.ts';
import { queryLogMatches } from './log-matches.ts';
import { queryLogs } from './logs.ts';
import { queryMeans } from './means.ts';
import { int8, nsOf } from './nanoseconds.ts';
import { queryNewest } from './newest.ts';
import { Packer, type PackingDeps } from './packing.ts';
import { Partitions } from './partitions.ts';
import { querySeries } from './series.ts';
import { WindowChannels } from './window-channels.ts';
import { queryWindows } from './windows.ts';
import { PostgresWriter } from './writer.ts';

const DAY_HOURS = 24;
const HOUR_MS = 3_600_000;
/** Points of a former release are moved for this long, then recent ones are packed again. */
const MOVING_MS = 25_000;

/**
 * Metrics and logs in PostgreSQL. Numbers are first kept as they come, a row for each robot and time, and packed into a block for
 * each field and hour later.
 */
export class PostgresStore implements MetricsStore {
  #db: Database;
  #retention: number;
  #partitions: Partitions;
  #packing: PackingDeps;
  #packer: Packer;
  #former: FormerPoints;
  #windowChannels = new WindowChannels();
  #writer: PostgresWriter;
  #read: <Result>(signal: AbortSignal, read: (connection: Db) => Promise<Result>) => Promise<Result>;

  /** @param reads separate pool on the same database, for slow queries. @param limits retention in seconds */
  constructor(db: Database, reads: Database, limits: { retention: number; maxChannels: number }, log: Logger) {
    this.#db = db;
    this.#retention = limits.retention;
    this.#partitions = new Partitions(db, limits.retention);
    this.#packing = { db, blocks: new RangePartitions(db, ['metric_blocks'], DAY_HOURS), others: this.#partitions };
    this.#packer = new Packer(this.#packing);
    this.#former = new FormerPoints(this.#packing, log);
    this.#writer = new PostgresWriter(db, this.#partitions, new ChannelIds(db, limits.maxChannels));
    this.#read = (signal, read) => cancellable({ db, reads }, signal, read);
  }

  partOf = () => 0;
  write = (batch: RobotLines[]) => this.#writer.write(batch);
  series = (query: SeriesQuery, signal: AbortSignal) => this.#read(signal, (db) => querySeries(db, query));
  logs = (query: LogQuery, signal: AbortSignal) => this.#read(signal, (db) => queryLogs(db, query));
  newest = (query: NewestQuery, signal: AbortSignal) => this.#read(signal, (db) => queryNewest(db, query));
  means = (query: MeansQuery, signal: AbortSignal) => this.#read(signal, (db) => queryMeans(db, query));
  windows = (query: WindowsQuery, signal: AbortSignal) =>
    this.#read(signal, (db) => queryWindows(db, this.#windowChannels, query));
  logMatches = (query: LogMatchesQuery, signal: AbortSignal) => this.#read(signal, (db) => queryLogMatches(db, query));
  hours = (query: HoursQuery, signal: AbortSignal) => this.#read(signal, (db) => queryHours(db, query));
  logCounts = (robotId: number, from: number, to: number, signal: AbortSignal) =>
    this.#read(signal, (db) => queryLogCounts(db, robotId, from, to));

  async pack(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled([this.#packer.run(signal), this.#former.move(MOVING_MS, signal)]);
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (reasons.length > 1) throw new AggregateError(reasons, reasons.map(String).join('; '));
    if (reasons.length === 1) throw reasons[0];
  }

  async maintain(): Promise<void> {
    await this.#partitions.maintain();
    const now = Math.floor(Date.now() / HOUR_MS);
    await sql`
      delete from metric_recent r using robots
      where r.robot_id = robots.id and r.time < ${int8(nsOf(Date.now() - this.#retention * 1000))}`.execute(this.#db);
    // Of robots deleted while a write was under way. One look-up for each robot.
    await sql`
      with recursive ids as (
        select min(robot_id) as id from metric_recent
        union all select (select min(robot_id) from metric_recent where robot_id > ids.id) from ids where ids.id is not null
      )
      delete from metric_recent where robot_id = any(array(
        select id from ids where id is not null and not exists (select from robots where robots.id = ids.id)
      ))`.execute(this.#db);
    await this.#packing.blocks.dropBefore(now - Math.ceil(this.#retention / 3600));
    await this.#packing.blocks.ensure([now, now + 1]);
  }

  async purge(robotId: number): Promise<void> {
    const channels = await channelIdsOf(this.#db, robotId);
    await sql`delete from metric_recent where robot_id = ${robotId}`.execute(this.#db);
    await sql`delete from metric_blocks where channel = any(${channels}::int[])`.execute(this.#db);
    await sql`delete from metric_others where channel = any(${channels}::int[])`.execute(this.#db);
    await sql`
      delete from metric_points where series_id = any(array(select id from metric_series where robot_id = ${robotId}))`.execute(
      this.#db,
    );
    await sql`delete from log_entries where robot_id = ${robotId}`.execute(this.#db);
  }

  async ready(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  async close(): Promise<void> {}
}
