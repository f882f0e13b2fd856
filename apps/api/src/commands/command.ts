import { loadConfig } from '../config/config.ts';
import { ConfigError, loadEnvFile } from '../config/env.ts';
import { connect } from '../db/client.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../db/embedded-postgres.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';

export type Config = ReturnType<typeof loadConfig>;

/**
 * Runs an operator's command on the configured database; unless `alone`, the server may be running. Prints the result.
 * Mistakes of the operator are reported as one sentence on stderr, with exit code 1.
 */
export async function runCommand(
  work: (db: Database, config: Config) => Promise<string>,
  { alone = false } = {},
): Promise<void> {
  try {
    loadEnvFile();
    const config = loadConfig(process.env);
    const { url, stop } = await database(config, alone);
    const { db } = connect(url, 2);
    try {
      process.stdout.write(`${await work(db, config)}\n`);
    } finally {
      await db.destroy();
      await stop();
    }
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function database(config: Config, alone: boolean): Promise<{ url: string; stop(): Promise<void> }> {
  const stop = async () => {};
  if (config.database.url) return { url: config.database.url, stop };
  const running = alone ? undefined : findEmbeddedPostgres(config.dataDir);
  return running ? { url: running, stop } : startEmbeddedPostgres(config.dataDir);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof AppError) return error.message;
  const { code, message, stack } = error as { code?: string; message: string; stack?: string };
  if (code === '42P01') return 'The database is empty. Start Robowatch once, then run this again.';
  return code ? `The database cannot be used: ${message || code}` : (stack ?? message);
}
