import { deleteExpiredApiKeys } from './accounts/api-key-store.ts';
import { deleteExpiredSessions } from './accounts/session-store.ts';
import { deleteOldAbsences, deleteOldAlerts, EVERY_MS, evaluate, unhurried, unservedReports } from './alerts/index.ts';
import { deleteArrivals, deleteUnwatched, type RecentWindows } from './arrivals/index.ts';
import type { SeriesCatalog } from './catalog/series-catalog.ts';
import { type ChannelDeps, queueNews } from './channels/index.ts';
import type { Config } from './config/config.ts';
import type { Database } from './db/schema.ts';
import { deliverDue } from './jobs/outbox.ts';
import type { Job } from './jobs/runner.ts';
import type { Telemetry } from './monitoring/telemetry.ts';
import { deleteExpired } from './oidc/artifact-store.ts';
import { deleteFormerKeys } from './oidc/keys.ts';
import { expireCodes } from './pairing/pair-code-store.ts';
import { deleteOldClocks } from './robots/clock-store.ts';
import { deleteOldDevices } from './robots/device-store.ts';
import type { Inventories } from './robots/inventories.ts';
import type { Presence } from './robots/presence.ts';
import { purgeDeleted } from './robots/purge-deleted.ts';
import { deleteKeptHardware } from './robots/replacement-store.ts';
import { noteSilent, tellOfSilent } from './robots/tell-of-silent.ts';
import { fillFormerFigures } from './rollups/fill-figures.ts';
import { expireRollups, rollupPartitions } from './rollups/partitions.ts';
import { rollUpDue } from './rollups/roll-up.ts';
import { deleteRollupsOf } from './rollups/rollup-store.ts';
import type { MetricsStore } from './stores/metrics-store.ts';

interface JobDeps {
  db: Database;
  config: Config;
  store: MetricsStore;
  recent: RecentWindows;
  catalog: SeriesCatalog;
  presence: Presence;
  inventories: Inventories;
  telemetry: Telemetry;
  channels: ChannelDeps;
}

const HOUR_MS = 3_600_000;

/** All background jobs. */
export function makeJobs({
  db,
  config,
  store,
  recent,
  catalog,
  presence,
  inventories,
  telemetry,
  channels,
}: JobDeps): Job[] {
  const perReplica = (name: string, everyMs: number, run: Job['run']): Job => ({
    ...{ name, everyMs, run, once: 'per replica' },
  });
  const perCluster = (name: string, everyMs: number, run: Job['run']): Job => ({
    ...{ name, everyMs, run, once: 'per cluster' },
  });
  const rollUps = { db, store, catalog, partitions: rollupPartitions(db) };
  const alerts = { db, store, recent, queueNews, note: telemetry.evaluated.bind(telemetry) };
  const noteUnserved = unservedReports(db, telemetry);
  return [
    perReplica('publish sightings', 2_000, () => presence.tick()),
    perReplica('write inventories', 2_000, () => inventories.write()),
    perReplica('find silent robots', 5_000, () => noteSilent(db, config.robots.offlineAfter)),
    perReplica('note reports that could not be kept', 5_000, noteUnserved),
    perCluster(
      'evaluate alerts',
      EVERY_MS,
      unhurried(db, async (signal) => void (await evaluate(alerts, signal))),
    ),
    perCluster('forget what arrived', 30_000, async () => {
      await deleteUnwatched(db);
      await deleteArrivals(db);
    }),
    perCluster('expire alerts', HOUR_MS, async () => {
      await deleteOldAlerts(db, config.rollups.retention);
      await deleteOldAbsences(db);
    }),
    perReplica('announce silent robots', 2_000, () => deliverDue(db, tellOfSilent)),
    perReplica('deliver alerts', 1_000, () => channels.deliver()),
    perReplica('tidy the series catalog', HOUR_MS, () =>
      catalog.tidy(Math.max(config.metrics.retention, config.rollups.retention)),
    ),
    perReplica('maintain the metrics store', HOUR_MS, () => store.maintain()),
    perCluster('pack points', 30_000, (signal) => store.pack(signal)),
    perReplica('roll up hours', 15_000, (signal) => rollUpDue(rollUps, signal)),
    perCluster('fill figures of a former release', 60_000, (signal) => fillFormerFigures(rollUps, signal)),
    perCluster('expire roll-ups', HOUR_MS, () => expireRollups(db, rollUps.partitions, config.rollups.retention)),
    perCluster('give up stale alerts', 600_000, () => channels.giveUpStale()),
    perCluster('expire pairing codes', 15_000, async () => {
      await expireCodes(db);
      await deleteKeptHardware(db);
    }),
    perCluster('forget former clocks and devices', HOUR_MS, async () => {
      await deleteOldClocks(db);
      await deleteOldDevices(db);
    }),
    perCluster('delete expired sessions', HOUR_MS, () => deleteExpiredSessions(db)),
    perCluster('delete expired API keys', HOUR_MS, () => deleteExpiredApiKeys(db)),
    perCluster('delete expired sign-ins to apps', 600_000, async () => {
      await deleteExpired(db);
      await deleteFormerKeys(db);
    }),
    perCluster('purge deleted robots', 15_000, (signal) =>
      purgeDeleted({ db, store, catalog, purgeRollups: deleteRollupsOf }, signal),
    ),
  ];
}
