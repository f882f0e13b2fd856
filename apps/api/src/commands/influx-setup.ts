import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, type Env, loadEnvFile, readEnv, seconds } from '../config/env.ts';
import { setUpInflux } from '../stores/influxdb/setup.ts';

/**
 * `npm run influx:setup`: prepares InfluxDB and writes the two tokens into an environment file (0600). @throws
 * ConfigError
 */
export async function influxSetup(env: Env, envFile: string): Promise<void> {
  const read = readEnv(env);
  const adminToken = env.INFLUX_ADMIN_TOKEN?.trim();
  if (!read.INFLUX_URL) throw new ConfigError('Set INFLUX_URL to the URL of InfluxDB, such as http://localhost:8086.');
  if (!adminToken || adminToken.length < 16) {
    const how = 'the operator token. For a new InfluxDB, generate one: openssl rand -hex 32';
    throw new ConfigError(`Set INFLUX_ADMIN_TOKEN to ${how}`);
  }
  const org = read.INFLUX_ORG ?? 'robowatch';
  const { writeToken, readToken } = await setUpInflux({
    url: read.INFLUX_URL,
    adminToken,
    org,
    bucket: read.INFLUX_BUCKET as string,
    retentionSeconds: seconds('METRICS_RETENTION', read.METRICS_RETENTION as string),
  });
  keep(envFile, { INFLUX_ORG: org, INFLUX_WRITE_TOKEN: writeToken, INFLUX_READ_TOKEN: readToken });
}

/** Updates these variables in the file; other lines stay as they are. */
function keep(file: string, values: Record<string, string>): void {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const others = lines.filter((line) => !Object.hasOwn(values, line.split('=')[0]?.trim() ?? ''));
  while (others.at(-1) === '') others.pop();
  const text = [...others, ...Object.entries(values).map(([name, value]) => `${name}=${value}`), ''].join('\n');
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { 'env-file': { type: 'string', default: '.env' } } });
  const file = values['env-file'];
  try {
    loadEnvFile();
    await influxSetup(process.env, file);
    process.stdout.write(
      `InfluxDB is ready. INFLUX_ORG and the two tokens are in ${file}; set INFLUX_URL there too.\n`,
    );
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  }
}
