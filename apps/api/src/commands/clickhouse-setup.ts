import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { clickHouseShards } from '../config/config.ts';
import { ConfigError, type Env, loadEnvFile, readEnv, readSecret } from '../config/env.ts';
import { type ClickHouseSetup, setUpClickHouse } from '../stores/clickhouse/setup.ts';
import { keepInEnvFile } from './keep-in-env-file.ts';

const newPassword = () => randomBytes(24).toString('base64url');

/** What the environment says about ClickHouse. Passwords that it lacks are generated, and are in `made`. @throws ConfigError */
export function readClickHouse(env: Env): { setup: ClickHouseSetup; made: Record<string, string> } {
  const read = readEnv(env);
  const made: Record<string, string> = {};
  const password = (name: 'CLICKHOUSE_WRITER_PASSWORD' | 'CLICKHOUSE_READER_PASSWORD') => {
    if (!read[name]) made[name] = newPassword();
    return read[name] ?? (made[name] as string);
  };
  if (!read.CLICKHOUSE_URL)
    throw new ConfigError('Set CLICKHOUSE_URL to the URL of ClickHouse, such as http://localhost:8123.');
  const setup = {
    shards: clickHouseShards(read.CLICKHOUSE_URL),
    admin: {
      user: env.CLICKHOUSE_ADMIN?.trim() || 'default',
      password: readSecret(env, 'CLICKHOUSE_ADMIN_PASSWORD') ?? '',
    },
    database: read.CLICKHOUSE_DATABASE as string,
    cluster: env.CLICKHOUSE_CLUSTER?.trim() || undefined,
    writer: { user: read.CLICKHOUSE_WRITER as string, password: password('CLICKHOUSE_WRITER_PASSWORD') },
    reader: { user: read.CLICKHOUSE_READER as string, password: password('CLICKHOUSE_READER_PASSWORD') },
  };
  return { setup, made };
}

/** `npm run clickhouse:setup`: prepares ClickHouse; passwords that were generated are kept in an environment file (0600). */
if (import.meta.main) {
  const { values } = parseArgs({ options: { into: { type: 'string', default: '.env' } } });
  try {
    loadEnvFile();
    const { setup, made } = readClickHouse(process.env);
    await setUpClickHouse(setup);
    const names = Object.keys(made);
    if (names.length > 0) keepInEnvFile(values.into, made);
    const kept = names.length > 0 ? ` ${names.join(' and ')} are in ${values.into}; set CLICKHOUSE_URL there too.` : '';
    process.stdout.write(`ClickHouse is ready.${kept}\n`);
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : `ClickHouse: ${(error as Error).message}`}\n`,
    );
    process.exit(1);
  }
}
