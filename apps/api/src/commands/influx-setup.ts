import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, type Env, loadEnvFile, readEnv, readSecret, seconds } from '../config/env.ts';
import { setUpInflux } from '../stores/influxdb/setup.ts';

/**
 * `npm run influx:setup`: prepares InfluxDB. The two tokens are written into an environment file (0600), or each into a
 * file `token` in a folder of its own, so that each can be given to somebody without the other. @throws ConfigError
 */
export async function influxSetup(
  env: Env,
  into: { envFile: string } | { writer: string; reader: string },
): Promise<void> {
  const read = readEnv(env);
  const adminToken = readSecret(env, 'INFLUX_ADMIN_TOKEN');
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
  if ('envFile' in into)
    return keep(into.envFile, { INFLUX_ORG: org, INFLUX_WRITE_TOKEN: writeToken, INFLUX_READ_TOKEN: readToken });
  keepToken(into.writer, writeToken);
  keepToken(into.reader, readToken);
}

/** Readable by all users of the folder: who may read it is decided by who gets the folder. */
function keepToken(folder: string, token: string): void {
  const file = join(folder, 'token');
  writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o444, flush: true });
  renameSync(`${file}.new`, file);
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
  const { values } = parseArgs({
    options: {
      'env-file': { type: 'string', default: '.env' },
      'writer-dir': { type: 'string' },
      'reader-dir': { type: 'string' },
    },
  });
  const { 'env-file': envFile, 'writer-dir': writer, 'reader-dir': reader } = values;
  try {
    loadEnvFile();
    await influxSetup(process.env, writer && reader ? { writer, reader } : { envFile });
    process.stdout.write(
      writer && reader
        ? 'InfluxDB is ready.\n'
        : `InfluxDB is ready. INFLUX_ORG and the two tokens are in ${envFile}; set INFLUX_URL there too.\n`,
    );
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  }
}
