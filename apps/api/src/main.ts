import cluster from 'node:cluster';
import { loadConfig } from './config/config.ts';
import { ConfigError, loadEnvFile } from './config/env.ts';
import { AppError } from './errors.ts';
import { WorkerFailed } from './processes/worker-pool.ts';
import { stopCompiling } from './stop-compiling.ts';
import { growYoungGenerationWhenBusy } from './young-generation.ts';

const CLOSE_TIMEOUT_MS = 15_000;
/** A supervisor waits for its workers, and then for PostgreSQL; Docker kills it after 20 seconds. */
const SUPERVISOR_CLOSE_TIMEOUT_MS = 19_000;

function explain(error: unknown): string {
  return error instanceof ConfigError || error instanceof AppError
    ? error.message
    : String((error as Error)?.stack ?? error);
}

if (process.argv.includes('--compile')) {
  await (await import('./compile.ts')).compileAll();
  process.exit(0);
}
try {
  loadEnvFile();
  const config = loadConfig(process.env);
  const supervises = config.workers > 1 && cluster.isPrimary;
  const { start } = supervises ? await import('./supervisor.ts') : await import('./server.ts');
  const running = start(config, { demo: process.argv.includes('--demo') });
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      stopCompiling();
      setTimeout(() => process.exit(1), supervises ? SUPERVISOR_CLOSE_TIMEOUT_MS : CLOSE_TIMEOUT_MS).unref();
      void running
        .then(({ close }) => close())
        .then(
          () => process.exit(0),
          () => process.exit(1),
        );
    });
  }
  await running;
  if (!supervises) growYoungGenerationWhenBusy();
} catch (error) {
  // A worker has said itself what was wrong.
  if (!(error instanceof WorkerFailed)) process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
