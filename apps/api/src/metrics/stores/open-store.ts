import type { Config } from '../../config/config.ts';
import type { Database } from '../../db/schema.ts';
import type { MetricsStore } from '../metrics-store.ts';
import { InfluxStore } from './influxdb.ts';
import { PostgresStore } from './postgres.ts';

/** The store that the configuration names. */
export function openStore(db: Database, { influx, metrics, ingest }: Config): MetricsStore {
  return influx
    ? new InfluxStore(influx, { writesInFlight: ingest.writesInFlight, maxFutureMs: metrics.maxFuture * 1000 })
    : new PostgresStore(db, metrics.retention);
}
