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
import { DAYS, localOf } from './tables.ts';
import { verify } from './verify.ts';
import { queryWindows } from './windows.ts';
import { ClickHouseWriter } from './writer.ts';

/** Tables that hold data, on one machine and on many, and the width of their partitions. */
const WIDTHS = new Map(
  Object.entries(DAYS).flatMap(([table, days]) => [
    [table, days],
    [localOf(table), days],
  ]),
);
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

  partOf = (robotId: number) => this.#db.shardOf(robotId);

  /** A replica deletes for all of its shard: the next ones find nothing. @throws unless every machine is there */
  async purge(robotId: number): Promise<void> {
    const signal = AbortSignal.timeout(DAY_MS);
    for (const machine of this.#db.machines())
      for (const table of await tablesOf(machine, signal)) {
        const of = sql`${new SqlText(table)} delete where robot_id = ${robotId} settings mutations_sync = 2`;
        const found = sql`select 1 from ${new SqlText(table)} where robot_id = ${robotId} limit 1`;
        if ((await machine.rows(found, signal)).length > 0) await machine.command(sql`alter table ${of}`);
      }
  }

  async pack(): Promise<void> {}

  /** Drops whole partitions, which costs nothing, whatever is in them. A machine that is away has it done by a replica, or later. */
  async maintain(): Promise<void> {
    const results = await Promise.allSettled(this.#db.machines().map((machine) => this.#dropExpired(machine)));
    const failed = results.filter((result) => result.status === 'rejected');
    if (failed.length === results.length) throw failed[0]?.reason;
  }

  async #dropExpired(machine: ClickHouse): Promise<void> {
    const rows = await machine.rows<[table: string, partition: string]>(
      sql`select distinct table, partition from system.parts
        where active and database = currentDatabase() and table in (${[...WIDTHS.keys()]})`,
      AbortSignal.timeout(DAY_MS),
    );
    for (const [table, partition] of rows) {
      const width = nsOf((WIDTHS.get(table) as number) * DAY_MS);
      if (BigInt(partition) < nsOf(Date.now() - this.#retentionMs) / width)
        await machine.command(sql`alter table ${new SqlText(table)} drop partition ${BigInt(partition)}`);
    }
  }

  verify = () => verify(this.#db);
  ready = () => this.#db.ping();
  close = () => this.#db.close();
}

/** Those of its tables that hold data, not those that only lead to them. */
async function tablesOf(machine: ClickHouse, signal: AbortSignal): Promise<string[]> {
  const rows = await machine.rows<[table: string]>(
    sql`select name from system.tables
      where database = currentDatabase() and name in (${[...WIDTHS.keys()]}) and engine like '%MergeTree'`,
    signal,
  );
  return rows.map(([table]) => table);
}
