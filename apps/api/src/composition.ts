import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { OutsideProvider } from './accounts/outside-provider.ts';
import { SigningKeys } from './accounts/signing-keys.ts';
import { ArrivalRecorder, RecentWindows } from './arrivals/index.ts';
import { AuditSampler } from './audit/audit-sampler.ts';
import { SeriesCatalog } from './catalog/series-catalog.ts';
import { openChannels } from './channels/index.ts';
import type { Config } from './config/config.ts';
import { asConfigError, findDatabase, prepareDatabase, startDatabase } from './database.ts';
import { connect, isUnreachable } from './db/client.ts';
import type { Database } from './db/schema.ts';
import { DemoFleet } from './demo/demo-fleet.ts';
import { EventBus } from './events/event-bus.ts';
import { FluxGateway, type IdentifyCaller } from './flux-gateway/index.ts';
import { Attempts } from './http/attempts.ts';
import { FirstWrites } from './ingest/first-writes.ts';
import { Ingest } from './ingest/ingest.ts';
import { RobotBudget } from './ingest/robot-budget.ts';
import { runJobs } from './jobs/runner.ts';
import { Telemetry } from './monitoring/telemetry.ts';
import { identify } from './oidc/index.ts';
import { Inventories } from './robots/inventories.ts';
import { Presence } from './robots/presence.ts';
import { RefusedTokens } from './robots/refused-tokens.ts';
import { TokenCache } from './robots/token-cache.ts';
import { DueHours } from './rollups/due-hours.ts';
import { makeJobs } from './schedule.ts';
import { LoopTurns } from './scheduling/loop-turns.ts';
import { deriveKey } from './secrets/derive-key.ts';
import { makeLog } from './start-up.ts';
import type { MetricsStore } from './stores/metrics-store.ts';
import { openStore } from './stores/open-store.ts';
import { Reads } from './stores/reads.ts';

export type Composition = Awaited<ReturnType<typeof compose>>;
/** The part of a composition that routes depend on. */
export type Parts = ReturnType<typeof assemble>;

/**
 * Longest time a sighting stays unwritten; never more than a quarter of the time after which a robot counts as offline.
 */
const MAX_UNWRITTEN_MS = 15_000;

/**
 * Constructs everything, in one place. `close` undoes it in reverse order. @throws ConfigError
 * @param isPrepared whether a supervisor has started and prepared the database
 */
export async function compose(config: Config, { isPrepared = false } = {}) {
  const log = makeLog(config);
  const database = isPrepared ? findDatabase(config) : await startDatabase(config, log);
  const { url } = database;
  const { db } = connect(url, config.database.poolSize);
  const readMs = config.reads.timeout * 1000;
  const { db: readDb } = connect(url, config.database.readPoolSize, { statementMs: readMs, waitMs: readMs });
  const events = new EventBus(url);
  let store: MetricsStore;
  try {
    await events.start();
    if (!isPrepared) await prepareDatabase(db, config);
    store = await openStore(db, readDb, config, log);
  } catch (error) {
    await events.close();
    await Promise.all([db.destroy(), readDb.destroy()]);
    await database.stop();
    throw asConfigError(error);
  }

  const redis = config.redisUrl ? await openRedis(config.redisUrl, log) : undefined;
  const parts = assemble({ config, log, db, readDb, events, store, redis });
  const { catalog, presence, inventories, refusedTokens, demo, telemetry, channels, recent, loopTurns } = parts;
  const stopJobs = runJobs(
    db,
    makeJobs({ db, config, store, recent, catalog, presence, inventories, telemetry, channels }),
    (job, err) =>
      isUnreachable(err)
        ? log.warn({ job, reason: (err as Error).message }, 'the database does not respond to a job')
        : log.error({ err, job }, 'job failed'),
  );

  return {
    ...parts,
    async close() {
      loopTurns.close();
      await demo?.close();
      await stopJobs();
      await channels.close();
      await presence.flush().catch((err) => log.error({ err }, 'could not write the last sightings'));
      await inventories.write().catch((err) => log.error({ err }, 'could not write the last inventories'));
      await refusedTokens.close();
      await parts.gateway?.queries.close();
      await store.close();
      redis?.disconnect();
      await events.close();
      await Promise.all([db.destroy(), readDb.destroy()]);
      await database.stop();
    },
  };
}

interface Outside {
  config: Config;
  log: Logger;
  db: Database;
  /** For what people read: another pool on the same database, with a limit to each statement. */
  readDb: Database;
  events: EventBus;
  store: MetricsStore;
  redis?: Redis;
}

/** Builds everything that routes depend on, without connecting to anything outside this process. */
export function assemble({ config, log, db, readDb, events, store, redis }: Outside) {
  const { auth, pairing, ingest } = config;
  const arrivals = new ArrivalRecorder(db);
  const telemetry = new Telemetry({ ofProcess: config.prometheus !== undefined });
  const auditSampler = new AuditSampler();
  const sealKey = deriveKey(config.secretKey, 'pairing tokens');
  const keys = new SigningKeys(db, deriveKey(config.secretKey, 'signing keys'));
  const demo = config.hasDemo
    ? new DemoFleet({ db, sealKey, log, apiUrl: ownApiUrl(config), file: demoFile(config) })
    : undefined;

  return {
    config,
    log,
    db,
    readDb,
    events,
    store,
    catalog: new SeriesCatalog(db, config.catalog),
    reads: new Reads(config.reads),
    channels: openChannels({ db, config, telemetry, log, redis }),
    gateway: makeGateway(config, { db, readDb }),
    telemetry,
    presence: new Presence(db, {
      everyMs: Math.min(MAX_UNWRITTEN_MS, config.robots.offlineAfter * 250),
      offlineAfter: config.robots.offlineAfter,
    }),
    inventories: new Inventories(db),
    keys,
    sealKey,
    outside: config.identityProvider && new OutsideProvider(config.identityProvider, config.publicUrl),
    demo,
    attempts: {
      account: new Attempts('login-account', auth.attemptsPerAccountTotal, redis),
      accountAndSite: new Attempts('login-account-site', auth.attemptsPerAccount, redis),
      address: new Attempts('login-address', auth.attemptsPerAddress, redis),
      device: new Attempts('login-device', auth.attemptsPerAccountTotal, redis),
      starts: new Attempts('login-start', auth.startsPerAddress, redis),
      secondFactor: new Attempts('second-factor', auth.attemptsPerAccount, redis),
      password: new Attempts('password-session', auth.attemptsPerAccount, redis),
    },
    pairingAttempts: {
      user: new Attempts('pair-user', pairing.attemptsPerUser, redis),
      address: new Attempts('pair-address', pairing.attemptsPerAddress, redis),
      users: new Attempts('pair-users', pairing.attemptsOfUsers, redis),
      anybody: new Attempts('pair-anybody', pairing.attemptsOfAnybody, redis),
      requests: new Attempts('pair-request', pairing.requestsPerAddress, redis),
    },
    openIdAttempts: {
      starts: new Attempts('oidc-start', config.oidc.startsPerAddress, redis),
      secrets: new Attempts('oidc-secret', config.oidc.wrongSecretsPerAddress, redis),
    },
    auditSampler,
    refusedTokens: new RefusedTokens(db, log, auditSampler),
    firstWrites: new FirstWrites(db),
    dueHours: new DueHours(db, config.rollups.delay),
    tokens: new TokenCache(db, ingest.timeoutMs),
    budget: new RobotBudget({ lines: ingest.linesPerSecond, bytes: ingest.bytesPerSecond }),
    loopTurns: new LoopTurns(),
    ingest: new Ingest({ db, store, arrivals, telemetry }, ingest),
    arrivals,
    recent: new RecentWindows(db, store),
  };
}

/** What Grafana's users query InfluxDB through. */
function makeGateway({ influx, gateway, reads, robots }: Config, { db, readDb }: Pick<Outside, 'db' | 'readDb'>) {
  if (!influx || !gateway) return undefined;
  const { secret, perUser, maxBytes } = gateway;
  const { timeout } = reads;
  const { offlineAfter } = robots;
  return {
    secret,
    queries: new FluxGateway(readDb, { influx, maxBytes, timeout, offlineAfter }),
    turns: new Reads({ perUser, timeout }),
    identify: byGrafanasToken(db),
  };
}

/** Whom the gateway answers: people who opened Grafana. */
const byGrafanasToken =
  (db: Database): IdentifyCaller =>
  async (token) => {
    const found = await identify(db, token);
    return found && { id: found.userId, role: found.role, name: found.email };
  };

/** Its client is loaded only where it is used. */
const openRedis = async (url: string, log: Logger) => (await import('./http/redis.ts')).connectRedis(url, log);

const demoFile = (config: Config) => join(config.dataDir, 'demo-robots.json');

/** URL of the API for clients within this process. */
function ownApiUrl({ listen }: Config): string {
  const everywhere = ['0.0.0.0', '::'].includes(listen.host);
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `http://${everywhere ? '127.0.0.1' : host}:${listen.apiPort}`;
}
