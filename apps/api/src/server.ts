import { once } from 'node:events';
import { ensureFirstAdmin } from './accounts/set-up.ts';
import { buildApp } from './app.ts';
import { compose } from './composition.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import type { DemoFleet } from './demo/demo-fleet.ts';
import { listenWide } from './http/listen.ts';
import { buildPrometheusServer } from './monitoring/prometheus-server.ts';
import { buildWebServer } from './web/web-server.ts';

/** Runs the server: compose → listen. @returns a function that closes it gracefully. @throws ConfigError, AppError */
export async function start(config: Config, { demo = false } = {}): Promise<{ close(): Promise<void> }> {
  if (demo && config.database.url)
    throw new ConfigError('Demonstration robots need the embedded database: unset DATABASE_URL.');
  const deps = await compose(config);
  const app = await buildApp(deps);
  const web = await buildWebServer(app, config);
  const prometheus = buildPrometheusServer(deps.telemetry);
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
    const setupLink = await ensureFirstAdmin(deps.db, config);
    const { host, apiPort, webPort } = config.listen;
    await app.ready();
    stopListening.push(await listening(() => listenWide(app.server, apiPort, host), 'API_PORT', apiPort));
    stopListening.push(await listening(() => listenWide(web.server, webPort, host), 'WEB_PORT', webPort));
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

async function listening<Result>(listen: () => Promise<Result>, setting: string, port: number): Promise<Result> {
  try {
    return await listen();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'EADDRINUSE')
      throw new ConfigError(`Port ${port} is in use by another program. Stop it, or set ${setting} to another port.`);
    throw new ConfigError(`Cannot listen on port ${port} (${code ?? message}). Change ${setting} or LISTEN_HOST.`);
  }
}

function announce(config: Config, setupLink: string | undefined): void {
  const lines = [
    '',
    '  Robowatch is running.',
    '',
    `  Web app   ${config.publicUrl}`,
    `  REST API  http://localhost:${config.listen.apiPort}/api/docs`,
  ];
  if (setupLink) lines.push('', '  Create the first administrator with this link (it works once):', `  ${setupLink}`);
  say(`${lines.join('\n')}\n`);
}

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Resumes existing demonstration robots; otherwise starts new ones if `asked`. */
async function startDemo(fleet: DemoFleet, asked: boolean, adminMissing: boolean): Promise<void> {
  if (await fleet.resume()) return say('  The demonstration robots have resumed.\n');
  if (!asked) return;
  if (adminMissing) say('  Five demonstration robots start once the first administrator has been created.\n');
  void fleet.startForFirstAdmin().then((owner) => {
    if (owner) say(`  Five demonstration robots are starting; they belong to ${owner}.\n`);
  });
}
