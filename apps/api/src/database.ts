import type { Logger } from 'pino';
import { setPolicy } from './accounts/factor-policy-store.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import { findEmbeddedPostgres, type Mishaps, startEmbeddedPostgres } from './db/embedded-postgres.ts';
import { migrate } from './db/migrate.ts';
import type { Database } from './db/schema.ts';
import { noteAlive } from './robots/server-watch-store.ts';
import { createViews } from './rollups/view-store.ts';

export interface OpenDatabase {
  url: string;
  /** Stops what was started. */
  stop(): Promise<void>;
}

/** The database of `DATABASE_URL`, or the embedded one, which this starts. @throws ConfigError */
export async function startDatabase(config: Config, log: Logger): Promise<OpenDatabase> {
  const { url } = config.database;
  return url ? { url, stop: async () => {} } : startEmbeddedPostgres(config.dataDir, mishaps(log), config.workers);
}

/** The same, where the supervisor has started it. @throws ConfigError while the embedded one does not run */
export function findDatabase(config: Config): OpenDatabase {
  const url = config.database.url ?? findEmbeddedPostgres(config.dataDir);
  if (!url) throw new ConfigError('The embedded PostgreSQL does not run at the moment.');
  return { url, stop: async () => {} };
}

/** Brings the database to this release and these settings: once, before anything uses it. */
export async function prepareDatabase(db: Database, config: Config): Promise<void> {
  await migrate(db);
  await noteAlive(db, config.robots.offlineAfter);
  await setPolicy(db, config.auth.requireSecondFactor);
  await createViews(db, config.rollups.retention);
}

/** What to tell the operator when the database cannot be used. */
export function asConfigError(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error;
  const { message, code } = error as { message?: string; code?: string };
  return new ConfigError(
    `Cannot use the database of DATABASE_URL: ${message || code}. Check that it is running and that user and password are right.`,
  );
}

const mishaps = (log: Logger): Mishaps => ({
  onDown: () => log.error('PostgreSQL has ended unexpectedly and is started again'),
  onUp: (ms) => log.warn({ ms: Math.round(ms) }, 'PostgreSQL runs again'),
  onLost: (error) => {
    log.fatal(`PostgreSQL has ended unexpectedly and cannot be started again. ${error.message}`);
    process.exit(1);
  },
});
