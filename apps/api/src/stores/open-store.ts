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
    const store = new ClickHouseStore(clickhouse, metrics);
    if (!(await store.verify())) log.warn(away('ClickHouse at CLICKHOUSE_URL'));
    return store;
  }
  if (!influx) {
    const limits = { retention: metrics.retention, maxChannels: catalog.maxChannels };
    const store = new PostgresStore(db, reads, limits, log);
    await store.maintain();
    return store;
  }
  const limits = { writesInFlight: ingest.writesInFlight, maxFutureMs: metrics.maxFuture * 1000 };
  const { InfluxStore } = await import('./influxdb/influxdb-store.ts');
  const store = new InfluxStore(influx, limits);
  if (!(await store.verify())) log.warn(away('InfluxDB at INFLUX_URL'));
  return store;
}

const away = (what: string) => `${what} does not respond; until it does, robots get 503 and keep their data`;
