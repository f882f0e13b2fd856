import cluster from 'node:cluster';
import { once } from 'node:events';
import { ensureFirstAdmin } from './accounts/set-up.ts';
import { buildApp } from './app.ts';
import { compose } from './composition.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import type { DemoFleet } from './demo/demo-fleet.ts';
import { listenWide } from './http/listen.ts';
import { buildPrometheusServer } from './monitoring/prometheus-server.ts';
import { shareMetrics } from './monitoring/worker-metrics.ts';
import { reportReady } from './processes/supervised.ts';
import { announce, listening, say } from './start-up.ts';
import { buildWebServer } from './web/web-server.ts';

/** Runs the server, or one worker of it: compose → listen. @returns a function that closes it gracefully. @throws ConfigError, AppError */
export async function start(config: Config, { demo = false } = {}): Promise<{ close(): Promise<void> }> {
  if (demo && config.database.url)
    throw new ConfigError('Demonstration robots need the embedded database: unset DATABASE_URL.');
  const { isWorker } = cluster;
  if (isWorker) shareMetrics();
  const deps = await compose(config, { isPrepared: isWorker });
  const app = await buildApp(deps);
  const web = await buildWebServer(app, config);
  const prometheus = buildPrometheusServer(deps.telemetry.registry);
  if (isWorker) shareMetrics(deps.telemetry.registry);
  const stopListening: (() => void)[] = [];
  const close = async () => {
    for (const stop of stopListening) stop();
    await deps.demo?.close();
    prometheus.close();
    prometheus.closeAllConnections();
    await Promise.all([app.close(), web.close()]);
    await deps.close();
  };
  try {
    const setupLink = isWorker ? undefined : await ensureFirstAdmin(deps.db, config);
    const { host, apiPort, webPort } = config.listen;
    await app.ready();
    stopListening.push(await listening(() => listenWide(app.server, apiPort, host), 'API_PORT', apiPort));
    stopListening.push(await listening(() => listenWide(web.server, webPort, host), 'WEB_PORT', webPort));
    if (isWorker) {
      reportReady();
      return { close };
    }
    if (config.prometheus) {
      const { host, port } = config.prometheus;
      await listening(() => once(prometheus.listen(port, host), 'listening'), 'PROMETHEUS_PORT', port);
    }
    announce(config, setupLink);
    if (deps.demo) await startDemo(deps.demo, demo, setupLink !== undefined);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resumes existing demonstration robots; otherwise starts new ones if `asked`. */
async function startDemo(fleet: DemoFleet, asked: boolean, adminMissing: boolean): Promise<void> {
  if (await fleet.resume()) return say('  The demonstration robots have resumed.\n');
  if (!asked) return;
  if (adminMissing) say('  Five demonstration robots start once the first administrator has been created.\n');
  void fleet.startForFirstAdmin().then((owner) => {
    if (owner) say(`  Five demonstration robots are starting; they belong to ${owner}.\n`);
  });
}
