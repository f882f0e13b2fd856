import { deleteExpiredSessions } from '../auth/session-store.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import type { SeriesCatalog } from '../metrics/catalog/series-catalog.ts';
import type { MetricsStore } from '../metrics/metrics-store.ts';
import { announceOffline, type Presence } from '../metrics/presence.ts';
import { expireCodes } from '../pairing/pair-code-store.ts';
import { finishPurge, listPurges, postponePurge } from '../robots/robot-store.ts';

export interface Job {
  name: string;
  everyMs: number;
  run(): Promise<void>;
}

/** Each may run on every replica at once. */
export function makeJobs({
  db,
  config,
  store,
  catalog,
  presence,
}: {
  db: Database;
  config: Config;
  store: MetricsStore;
  catalog: SeriesCatalog;
  presence: Presence;
}): Job[] {
  return [
    { name: 'tell who was seen', everyMs: 2_000, run: () => presence.tick() },
    { name: 'tell of silent robots', everyMs: 5_000, run: () => announceOffline(db, config.robots.offlineAfter) },
    { name: 'expire pairing codes', everyMs: 15_000, run: () => expireCodes(db) },
    { name: 'delete expired sessions', everyMs: 3_600_000, run: () => deleteExpiredSessions(db) },
    { name: 'keep the metrics store tidy', everyMs: 3_600_000, run: () => store.maintain() },
    { name: 'forget series without points', everyMs: 3_600_000, run: () => catalog.tidy(config.metrics.retention) },
    { name: 'purge deleted robots', everyMs: 15_000, run: () => purge(db, store, catalog) },
  ];
}

/** One that fails goes to the end of the queue. @throws what was wrong with those that failed */
async function purge(db: Database, store: MetricsStore, catalog: SeriesCatalog): Promise<void> {
  const troubles: unknown[] = [];
  for (const robotId of await listPurges(db)) {
    try {
      await store.purge(robotId);
      await catalog.purge(robotId);
      await finishPurge(db, robotId);
    } catch (error) {
      troubles.push(error);
      await postponePurge(db, robotId);
    }
  }
  if (troubles.length > 0)
    throw new AggregateError(troubles, `${troubles.length} of the deleted robots could not be purged`);
}
