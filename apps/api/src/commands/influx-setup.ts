import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, type Env, loadEnvFile, readEnv, readSecret, seconds } from '../config/env.ts';
import { type InfluxSetup, setUpInflux } from '../stores/influxdb/setup.ts';
import { keepInEnvFile } from './keep-in-env-file.ts';

export type Into = { envFile: string } | { writer: string; reader: string };

/** What the environment says about InfluxDB. @throws ConfigError */
export function readInflux(env: Env): InfluxSetup {
  const read = readEnv(env);
  const adminToken = readSecret(env, 'INFLUX_ADMIN_TOKEN');
  if (!read.INFLUX_URL) throw new ConfigError('Set INFLUX_URL to the URL of InfluxDB, such as http://localhost:8086.');
  if (!adminToken || adminToken.length < 16) {
    const how = 'the operator token. For a new InfluxDB, generate one: openssl rand -hex 32';
    throw new ConfigError(`Set INFLUX_ADMIN_TOKEN to ${how}`);
  }
  return {
    url: read.INFLUX_URL,
    adminToken,
    org: read.INFLUX_ORG ?? 'robowatch',
    bucket: read.INFLUX_BUCKET as string,
    retentionSeconds: seconds('METRICS_RETENTION', read.METRICS_RETENTION as string),
  };
}

/**
 * `npm run influx:setup`: prepares InfluxDB. The two tokens are written into an environment file (0600), or each into a
 * file `token` in a folder of its own, so that each can be given to somebody without the other. @throws ConfigError
 */
export async function influxSetup(setup: InfluxSetup, into: Into): Promise<void> {
  const { writeToken, readToken } = await setUpInflux(setup);
  if ('envFile' in into)
    return keepInEnvFile(into.envFile, {
      INFLUX_ORG: setup.org,
      INFLUX_WRITE_TOKEN: writeToken,
      INFLUX_READ_TOKEN: readToken,
    });
  keepToken(into.writer, writeToken);
  keepToken(into.reader, readToken);
}

/** Runs a command with the environment's InfluxDB and prints its result. A mistake of the operator is one sentence on stderr. */
export async function runInfluxCommand(work: (setup: InfluxSetup) => Promise<string>): Promise<void> {
  try {
    loadEnvFile();
    process.stdout.write(`${await work(readInflux(process.env))}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    process.exit(1);
  }
}

/** Readable by all users of the folder: who may read it is decided by who gets the folder. */
function keepToken(folder: string, token: string): void {
  const file = join(folder, 'token');
  writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o444, flush: true });
  renameSync(`${file}.new`, file);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      into: { type: 'string', default: '.env' },
      'writer-dir': { type: 'string' },
      'reader-dir': { type: 'string' },
    },
  });
  const { into: envFile, 'writer-dir': writer, 'reader-dir': reader } = values;
  await runInfluxCommand(async (setup) => {
    await influxSetup(setup, writer && reader ? { writer, reader } : { envFile });
    return writer && reader
      ? 'InfluxDB is ready.'
      : `InfluxDB is ready. INFLUX_ORG and the two tokens are in ${envFile}; set INFLUX_URL there too.`;
  });
}
