import { deleteExpiredSessions } from './accounts/session-store.ts';
import type { SeriesCatalog } from './catalog/series-catalog.ts';
import type { Config } from './config/config.ts';
import type { Database } from './db/schema.ts';
import { deliverDue } from './jobs/outbox.ts';
import type { Job } from './jobs/runner.ts';
import { expireCodes } from './pairing/pair-code-store.ts';
import type { Presence } from './robots/presence.ts';
import { purgeDeleted } from './robots/purge-deleted.ts';
import { noteSilent, tellOfSilent } from './robots/tell-of-silent.ts';
import { expireRollups, rollupPartitions } from './rollups/partitions.ts';
import { rollUpDue } from './rollups/roll-up.ts';
import { deleteRollupsOf } from './rollups/rollup-store.ts';
import type { MetricsStore } from './stores/metrics-store.ts';

interface JobDeps {
  db: Database;
  config: Config;
  store: MetricsStore;
  catalog: SeriesCatalog;
  presence: Presence;
}

const HOUR_MS = 3_600_000;

/** All background jobs. */
export function makeJobs({ db, config, store, catalog, presence }: JobDeps): Job[] {
  const perReplica = (name: string, everyMs: number, run: Job['run']): Job => ({
    ...{ name, everyMs, run, once: 'per replica' },
  });
  const perCluster = (name: string, everyMs: number, run: Job['run']): Job => ({
    ...{ name, everyMs, run, once: 'per cluster' },
  });
  const rollUps = { db, store, catalog, partitions: rollupPartitions(db) };
  return [
    perReplica('publish sightings', 2_000, () => presence.tick()),
    perReplica('find silent robots', 5_000, () => noteSilent(db, config.robots.offlineAfter)),
    perReplica('announce silent robots', 2_000, () => deliverDue(db, tellOfSilent)),
    perReplica('tidy the series catalog', HOUR_MS, () =>
      catalog.tidy(Math.max(config.metrics.retention, config.rollups.retention)),
    ),
    perReplica('maintain the metrics store', HOUR_MS, () => store.maintain()),
    perCluster('pack points', 30_000, (signal) => store.pack(signal)),
    perCluster('roll up hours', 15_000, (signal) => rollUpDue(rollUps, signal)),
    perCluster('expire roll-ups', HOUR_MS, () => expireRollups(db, rollUps.partitions, config.rollups.retention)),
    perCluster('expire pairing codes', 15_000, () => expireCodes(db)),
    perCluster('delete expired sessions', HOUR_MS, () => deleteExpiredSessions(db)),
    perCluster('purge deleted robots', 15_000, (signal) =>
      purgeDeleted({ db, store, catalog, purgeRollups: deleteRollupsOf }, signal),
    ),
  ];
}
