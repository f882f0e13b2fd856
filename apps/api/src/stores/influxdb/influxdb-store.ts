import { ConfigError } from '../../config/env.ts';
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
import { InfluxClient, type InfluxConfig } from './client.ts';
import { queryHours, queryLogCounts } from './hours.ts';
import { queryLogMatches } from './log-matches.ts';
import { LogTimes } from './log-times.ts';
import { findLogs, queryLogs } from './logs.ts';
import { queryMeans } from './means.ts';
import { queryNewest } from './newest.ts';
import { querySeries } from './series.ts';
import { queryWindows } from './windows.ts';
import { InfluxWriter } from './writer.ts';

/** Metrics and logs in one bucket of InfluxDB 2, which also enforces the retention. */
export class InfluxStore implements MetricsStore {
  #client: InfluxClient;
  #writer: InfluxWriter;

  constructor(config: InfluxConfig, { writesInFlight, maxFutureMs }: { writesInFlight: number; maxFutureMs: number }) {
    this.#client = new InfluxClient(config, writesInFlight + 2);
    const latest = () => BigInt(Date.now() + maxFutureMs + 1000) * 1_000_000n;
    const upTo = (to: bigint) => (to < latest() ? to : latest());
    const logTimes = new LogTimes((robotId, { from, to }, signal) =>
      findLogs(this.#client, robotId, { from, to: upTo(to) }, signal),
    );
    this.#writer = new InfluxWriter(this.#client, logTimes);
  }

  partOf = () => 0;
  write = (batch: RobotLines[], signal: AbortSignal) => this.#writer.write(batch, signal);
  series = (query: SeriesQuery, signal: AbortSignal) => querySeries(this.#client, query, signal);
  logs = (query: LogQuery, signal: AbortSignal) => queryLogs(this.#client, query, signal);
  newest = (query: NewestQuery, signal: AbortSignal) => queryNewest(this.#client, query, signal);
  means = (query: MeansQuery, signal: AbortSignal) => queryMeans(this.#client, query, signal);
  windows = (query: WindowsQuery, signal: AbortSignal) => queryWindows(this.#client, query, signal);
  logMatches = (query: LogMatchesQuery, signal: AbortSignal) => queryLogMatches(this.#client, query, signal);
  hours = (query: HoursQuery, signal: AbortSignal) => queryHours(this.#client, query, signal);
  logCounts = (robotId: number, from: number, to: number, signal: AbortSignal) =>
    queryLogCounts(this.#client, robotId, from, to, signal);
  purge = (robotId: number) => this.#client.delete(`robot_id="${robotId}"`);
  async pack(): Promise<void> {}
  async maintain(): Promise<void> {}

  /** @returns false when InfluxDB cannot be reached. @throws ConfigError when the configuration is wrong */
  async verify(): Promise<boolean> {
    const statuses = await this.#client.tryTokens().catch(() => undefined);
    if (!statuses) return false;
    const { write, read } = statuses;
    const again = 'Run `npm run influx:setup`, or check INFLUX_URL, INFLUX_ORG and INFLUX_BUCKET.';
    if (write === 404 || read === 404) throw new ConfigError(`InfluxDB has no such organisation or bucket. ${again}`);
    if (write === 401 || write === 403) throw new ConfigError(`InfluxDB refuses INFLUX_WRITE_TOKEN. ${again}`);
    if (read === 401 || read === 403) throw new ConfigError(`InfluxDB refuses INFLUX_READ_TOKEN. ${again}`);
    return true;
  }

  async ready(): Promise<void> {
    if (!(await this.#client.healthy())) throw new Error('InfluxDB is not healthy');
  }

  close = () => this.#client.close();
}
