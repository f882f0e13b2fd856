import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import type { MetricsStore } from './metrics-store.ts';
import { PostgresStore } from './postgres/postgres-store.ts';

/** Opens the configured store. @param reads separate pool for slow queries. @throws ConfigError when it is unusable */
export async function openStore(
  db: Database,
  reads: Database,
  { influx, clickhouse, metrics, ingest, catalog }: Config,
  log: Logger,
): Promise<MetricsStore> {
  // The clients are large, and not loaded where they are not used.
  if (clickhouse) {
    const { ClickHouseStore } = await import('./clickhouse/clickhouse-store.ts');
    return new ClickHouseStore(clickhouse, metrics);
  }
  if (!influx)
    return new PostgresStore(db, reads, { retention: metrics.retention, maxChannels: catalog.maxChannels }, log);
  const limits = { writesInFlight: ingest.writesInFlight, maxFutureMs: metrics.maxFuture * 1000 };
  const { InfluxStore } = await import('./influxdb/influxdb-store.ts');
  const store = new InfluxStore(influx, limits);
  if (!(await store.verify()))
    log.warn('InfluxDB at INFLUX_URL does not respond; until it does, robots get 503 and keep their data');
  return store;
}
