import { readdir } from 'node:fs/promises';
import { type Migration, Migrator } from 'kysely';
import { ConfigError } from '../config/env.ts';
import type { Database } from './schema.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/**
 * Migrates the database to this release's schema; processes that start at the same time take turns. @throws ConfigError
 */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw new ConfigError(`The database could not be migrated: ${(error as Error).message ?? error}`);
}

export async function getMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(FOLDER)).filter((file) => /^\d{4}-.*\.ts$/.test(file));
  const modules = files
    .sort()
    .map(async (file) => [file.replace(/\.ts$/, ''), await import(new URL(file, FOLDER).href)] as const);
  return Object.fromEntries(await Promise.all(modules));
}
