import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { InfluxStore } from './influxdb/influxdb-store.ts';
import type { MetricsStore } from './metrics-store.ts';
import { PostgresStore } from './postgres/postgres-store.ts';

/** The store that the configuration names. @param reads another pool, for what may take long. @throws ConfigError when it cannot be used that way */
export async function openStore(
  db: Database,
  reads: Database,
  { influx, metrics, ingest }: Config,
  log: Logger,
): Promise<MetricsStore> {
  if (!influx) return new PostgresStore(db, reads, metrics.retention);
  const limits = { writesInFlight: ingest.writesInFlight, maxFutureMs: metrics.maxFuture * 1000 };
  const store = new InfluxStore(influx, limits);
  if (!(await store.verify()))
    log.warn('InfluxDB does not answer at INFLUX_URL; until it does, robots are told to keep their data (503)');
  return store;
}
