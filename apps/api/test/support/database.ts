import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One real PostgreSQL for the whole run; each test file creates its own database in it. */
export default async function setup(project: TestProject) {
  // Deleting this folder cleans up after all tests. PostgreSQL, which runs as another user, must be able to enter it.
  const temporary = mkdtempSync(join(tmpdir(), 'robowatch-test-'));
  chmodSync(temporary, 0o755);
  process.env.TMPDIR = temporary;
  const dir = join(temporary, 'database');
  mkdirSync(dir);
  const postgres = await startEmbeddedPostgres(dir);
  project.provide('postgresUrl', postgres.adminUrl);
  return async () => {
    await postgres.stop();
    rmSync(temporary, { recursive: true, force: true });
  };
}
