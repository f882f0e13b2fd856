import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import type { MetricsStore } from './metrics-store.ts';
import { PostgresStore } from './postgres/postgres-store.ts';

/** Opens the configured store. @param reads separate pool for slow queries. @throws ConfigError when it is unusable */
export async function openStore(
  db: Database,
  reads: Database,
  { influx, metrics, ingest, catalog }: Config,
  log: Logger,
): Promise<MetricsStore> {
  if (!influx)
    return new PostgresStore(db, reads, { retention: metrics.retention, maxChannels: catalog.maxChannels }, log);
  const limits = { writesInFlight: ingest.writesInFlight, maxFutureMs: metrics.maxFuture * 1000 };
  // Its client is large, and not loaded where it is not used.
  const { InfluxStore } = await import('./influxdb/influxdb-store.ts');
  const store = new InfluxStore(influx, limits);
  if (!(await store.verify()))
    log.warn('InfluxDB at INFLUX_URL does not respond; until it does, robots get 503 and keep their data');
  return store;
}
