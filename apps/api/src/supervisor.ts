import { once } from 'node:events';
import { ensureFirstAdmin } from './accounts/set-up.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import { asConfigError, prepareDatabase, startDatabase } from './database.ts';
import { connect } from './db/client.ts';
import { countForWorkers } from './http/attempts.ts';
import { checkFree } from './http/listen.ts';
import { buildPrometheusServer } from './monitoring/prometheus-server.ts';
import { WorkerMetrics } from './monitoring/worker-metrics.ts';
import { WorkerPool } from './processes/worker-pool.ts';
import { announce, listening, makeLog } from './start-up.ts';

/**
 * Runs the server as several processes: starts and prepares the database, then the workers, which serve. Counts attempts
 * for them. @returns a function that closes everything gracefully. @throws ConfigError, AppError, WorkerFailed
 */
export async function start(config: Config, { demo = false } = {}): Promise<{ close(): Promise<void> }> {
  if (demo) throw new ConfigError('Demonstration robots need a single process: unset API_WORKERS.');
  const log = makeLog(config);
  const database = await startDatabase(config, log);
  const pool = new WorkerPool(log);
  const prometheus = buildPrometheusServer(new WorkerMetrics(pool));
  const close = async () => {
    prometheus.close();
    prometheus.closeAllConnections();
    await pool.stop();
    await database.stop();
  };
  try {
    const setupLink = await prepare(database.url, config);
    const { host, apiPort, webPort } = config.listen;
    await listening(() => checkFree(apiPort, host), 'API_PORT', apiPort);
    await listening(() => checkFree(webPort, host), 'WEB_PORT', webPort);
    if (config.prometheus) {
      const { host, port } = config.prometheus;
      await listening(() => once(prometheus.listen(port, host), 'listening'), 'PROMETHEUS_PORT', port);
    }
    countForWorkers();
    await pool.start(config.workers);
    announce(config, setupLink);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns the link with which the first administrator is created, while there is none */
async function prepare(url: string, config: Config): Promise<string | undefined> {
  const { db } = connect(url, 2);
  try {
    await prepareDatabase(db, config).catch((error) => {
      throw asConfigError(error);
    });
    return await ensureFirstAdmin(db, config);
  } finally {
    await db.destroy();
  }
}
