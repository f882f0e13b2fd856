import { sql } from 'kysely';
import { cancellable } from '../../db/cancellable.ts';
import type { Database, Db } from '../../db/schema.ts';
import type {
  HoursQuery,
  LogQuery,
  MeansQuery,
  MetricsStore,
  NewestQuery,
  RobotLines,
  SeriesQuery,
} from '../metrics-store.ts';
import { queryHours, queryLogCounts } from './hours.ts';
import { queryLogs } from './logs.ts';
import { queryMeans } from './means.ts';
import { queryNewest } from './newest.ts';
import { Partitions } from './partitions.ts';
import { querySeries } from './series.ts';
import { PostgresWriter } from './writer.ts';

/**
 * Metrics and logs in PostgreSQL: one row per point, fields as jsonb, partitioned by day. For fleets of a few dozen.
 */
export class PostgresStore implements MetricsStore {
  #db: Database;
  #partitions: Partitions;
  #writer: PostgresWriter;
  #read: <Result>(signal: AbortSignal, read: (connection: Db) => Promise<Result>) => Promise<Result>;

  /** @param reads separate pool on the same database, for slow queries */
  constructor(db: Database, reads: Database, retentionSeconds: number) {
    this.#db = db;
    this.#partitions = new Partitions(db, retentionSeconds);
    this.#writer = new PostgresWriter(db, this.#partitions);
    this.#read = (signal, read) => cancellable({ db, reads }, signal, read);
  }

  write = (batch: RobotLines[]) => this.#writer.write(batch);
  series = (query: SeriesQuery, signal: AbortSignal) => this.#read(signal, (db) => querySeries(db, query));
  logs = (query: LogQuery, signal: AbortSignal) => this.#read(signal, (db) => queryLogs(db, query));
  newest = (query: NewestQuery, signal: AbortSignal) => this.#read(signal, (db) => queryNewest(db, query));
  means = (query: MeansQuery, signal: AbortSignal) => this.#read(signal, (db) => queryMeans(db, query));
  hours = (query: HoursQuery, signal: AbortSignal) => this.#read(signal, (db) => queryHours(db, query));
  logCounts = (robotId: number, from: number, to: number, signal: AbortSignal) =>
    this.#read(signal, (db) => queryLogCounts(db, robotId, from, to));
  maintain = () => this.#partitions.maintain();

  async purge(robotId: number): Promise<void> {
    const { rows } = await sql<{ id: number }>`select id from metric_series where robot_id = ${robotId}`.execute(
      this.#db,
    );
    await sql`delete from metric_points where series_id = any(${rows.map((row) => row.id)})`.execute(this.#db);
    await sql`delete from log_entries where robot_id = ${robotId}`.execute(this.#db);
  }

  async ready(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }

  async close(): Promise<void> {}
}
