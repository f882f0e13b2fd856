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
import { ClickHouse, type ClickHouseConfig } from './client.ts';
import { queryMeans, queryNewest } from './fleet.ts';
import { queryHours, queryLogCounts } from './hours.ts';
import { queryLogMatches, queryLogs } from './logs.ts';
import { nsOf, SqlText, sql } from './query-text.ts';
import { querySeries } from './series.ts';
import { queryWindows } from './windows.ts';
import { ClickHouseWriter } from './writer.ts';

const TABLES = ['points', 'logs', 'latest'] as const;
/** Width of their partitions. */
const DAYS: Record<(typeof TABLES)[number], number> = { points: 1, logs: 1, latest: 7 };
const DAY_MS = 86_400_000;

/** Metrics and logs in ClickHouse, on one machine or on many. */
export class ClickHouseStore implements MetricsStore {
  #db: ClickHouse;
  #writer: ClickHouseWriter;
  #retentionMs: number;

  /** @param retention seconds */
  constructor(config: ClickHouseConfig, { retention }: { retention: number }) {
    this.#db = new ClickHouse(config);
    this.#writer = new ClickHouseWriter(this.#db);
    this.#retentionMs = retention * 1000;
  }

  write = (batch: RobotLines[]) => this.#writer.write(batch);
  series = (query: SeriesQuery, signal: AbortSignal) => querySeries(this.#db, query, signal);
  logs = (query: LogQuery, signal: AbortSignal) => queryLogs(this.#db, query, signal);
  newest = (query: NewestQuery, signal: AbortSignal) => queryNewest(this.#db, query, signal);
  means = (query: MeansQuery, signal: AbortSignal) => queryMeans(this.#db, query, signal);
  windows = (query: WindowsQuery, signal: AbortSignal) => queryWindows(this.#db, query, signal);
  logMatches = (query: LogMatchesQuery, signal: AbortSignal) => queryLogMatches(this.#db, query, signal);
  hours = (query: HoursQuery, signal: AbortSignal) => queryHours(this.#db, query, signal);
  logCounts = (robotId: number, from: number, to: number, signal: AbortSignal) =>
    queryLogCounts(this.#db, robotId, from, to, signal);

  async purge(robotId: number): Promise<void> {
    for (const table of TABLES)
      await this.#db.command(
        sql`alter table ${new SqlText(table)} delete where robot_id = ${robotId} settings mutations_sync = 2`,
      );
  }

  async pack(): Promise<void> {}

  /** Drops whole partitions, which costs nothing, whatever is in them. */
  async maintain(): Promise<void> {
    const signal = AbortSignal.timeout(DAY_MS);
    for (const table of TABLES) {
      const width = nsOf(DAYS[table] * DAY_MS);
      const first = nsOf(Date.now() - this.#retentionMs) / width;
      const rows = await this.#db.rows<[partition: string]>(
        sql`select distinct partition from system.parts where active and database = currentDatabase() and table = ${table}`,
        signal,
      );
      for (const [partition] of rows)
        if (BigInt(partition) < first)
          await this.#db.command(sql`alter table ${new SqlText(table)} drop partition ${BigInt(partition)}`);
    }
  }

  ready = () => this.#db.ping();
  close = () => this.#db.close();
}
