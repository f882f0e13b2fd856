import type { SeriesCatalog } from '../catalog/index.ts';
import type { Database } from '../db/schema.ts';
import type { MetricsStore } from '../stores/index.ts';
import { finishPurge, listPurges, postponePurge } from './purge-store.ts';

interface PurgeDeps {
  db: Database;
  store: MetricsStore;
  catalog: SeriesCatalog;
  /** Deletes the robot's roll-ups. */
  purgeRollups(db: Database, robotId: number): Promise<void>;
}

/**
 * Deletes the metrics of deleted robots. Failures go to the end of the queue. @throws AggregateError of the failures
 */
export async function purgeDeleted(
  { db, store, catalog, purgeRollups }: PurgeDeps,
  signal: AbortSignal,
): Promise<void> {
  const troubles: unknown[] = [];
  for (const robotId of await listPurges(db)) {
    if (signal.aborted) return;
    try {
      await store.purge(robotId);
      await purgeRollups(db, robotId);
      await catalog.purge(robotId);
      await finishPurge(db, robotId);
    } catch (error) {
      troubles.push(error);
      await postponePurge(db, robotId);
    }
  }
  if (troubles.length > 0)
    throw new AggregateError(troubles, `metrics of ${troubles.length} deleted robots could not be purged`);
}
