import { once } from 'node:events';
import { buildApp } from './app.ts';
import { ensureFirstAdmin } from './auth/accounts.ts';
import { compose } from './composition.ts';
import { type Config, loadConfig } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import { AppError } from './errors.ts';
import { buildPrometheusServer } from './monitoring/prometheus-server.ts';
import { buildWebServer } from './web/web-server.ts';

const CLOSE_TIMEOUT_MS = 15_000;

/** env → config → compose → listen → close gracefully. @returns how to close */
export async function start(
  env: Record<string, string | undefined>,
): Promise<{ config: Config; close(): Promise<void> }> {
  const config = loadConfig(env);
  const deps = await compose(config);
  const app = await buildApp(deps);
  const web = await buildWebServer(app);
  const prometheus = buildPrometheusServer(deps.telemetry);
  const close = async () => {
    prometheus.close();
    prometheus.closeAllConnections();
    await Promise.all([app.close(), web.close()]);
    await deps.close();
  };
  try {
    const setupLink = await ensureFirstAdmin(deps.db, config);
    const { host, apiPort, webPort } = config.listen;
    await listening(() => app.listen({ host, port: apiPort }), 'API_PORT', apiPort);
    await listening(() => once(web.server.listen(webPort, host), 'listening'), 'WEB_PORT', webPort);
    if (config.prometheus) {
      const { host, port } = config.prometheus;
      await listening(() => once(prometheus.listen(port, host), 'listening'), 'PROMETHEUS_PORT', port);
    }
    announce(config, setupLink);
    return { config, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listening(listen: () => Promise<unknown>, setting: string, port: number): Promise<void> {
  try {
    await listen();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'EADDRINUSE')
      throw new ConfigError(`Port ${port} is taken by another program. Stop it, or set ${setting} to another port.`);
    throw new ConfigError(`Cannot listen on port ${port} (${code ?? message}). Set ${setting} or LISTEN_HOST.`);
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
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

function explain(error: unknown): string {
  return error instanceof ConfigError || error instanceof AppError
    ? error.message
    : String((error as Error)?.stack ?? error);
}

if (import.meta.main) {
  try {
    const running = await start(process.env);
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
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}
