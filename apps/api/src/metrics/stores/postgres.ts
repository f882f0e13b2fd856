import { sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import type { LogQuery, MetricsStore, RobotLines, SeriesQuery } from '../metrics-store.ts';
import { Partitions } from './postgres-partitions.ts';
import { queryLatest, queryLogs } from './postgres-read.ts';
import { querySeries } from './postgres-series.ts';
import { queryTrends } from './postgres-trends.ts';
import { PostgresWriter } from './postgres-write.ts';

/** Metrics and logs in PostgreSQL: a row a point, its fields as jsonb, partitioned by day. For fleets of some dozens. */
export class PostgresStore implements MetricsStore {
  #db: Database;
  #partitions: Partitions;
  #writer: PostgresWriter;

  constructor(db: Database, retentionSeconds: number) {
    this.#db = db;
    this.#partitions = new Partitions(db, retentionSeconds);
    this.#writer = new PostgresWriter(db, this.#partitions);
  }

  write = (batch: RobotLines[]) => this.#writer.write(batch);
  series = (query: SeriesQuery) => querySeries(this.#db, query);
  logs = (query: LogQuery) => queryLogs(this.#db, query);
  latest = (robotIds: number[]) => queryLatest(this.#db, robotIds);
  trends = (robotIds: number[], from: number, to: number, everySeconds: number) =>
    queryTrends(this.#db, robotIds, from, to, everySeconds);
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
