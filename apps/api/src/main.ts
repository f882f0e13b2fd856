import { flushCompileCache } from 'node:module';
import { loadConfig } from './config/config.ts';
import { ConfigError, loadEnvFile } from './config/env.ts';
import { AppError } from './errors.ts';
import { start } from './server.ts';
import { growYoungGenerationWhenBusy } from './young-generation.ts';

const CLOSE_TIMEOUT_MS = 15_000;

function explain(error: unknown): string {
  return error instanceof ConfigError || error instanceof AppError
    ? error.message
    : String((error as Error)?.stack ?? error);
}

try {
  loadEnvFile();
  const config = loadConfig(process.env);
  const running = await start(config, { demo: process.argv.includes('--demo') });
  let closing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
      void running.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  // Node writes it at a normal end, too, which a board that is switched off does not have.
  flushCompileCache();
  growYoungGenerationWhenBusy();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
