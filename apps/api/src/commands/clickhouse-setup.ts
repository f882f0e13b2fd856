import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { clickHouseUrls } from '../config/config.ts';
import { ConfigError, type Env, loadEnvFile, readEnv, readSecret } from '../config/env.ts';
import { type ClickHouseSetup, setUpClickHouse } from '../stores/clickhouse/setup.ts';
import { keepInEnvFile } from './keep-in-env-file.ts';

const newPassword = () => randomBytes(24).toString('base64url');

/** What the environment says about ClickHouse; passwords that it lacks are generated. @throws ConfigError */
export function readClickHouse(env: Env): ClickHouseSetup & Required<Pick<ClickHouseSetup, 'writer' | 'reader'>> {
  const read = readEnv(env);
  if (!read.CLICKHOUSE_URL)
    throw new ConfigError('Set CLICKHOUSE_URL to the URL of ClickHouse, such as http://localhost:8123.');
  return {
    url: clickHouseUrls(read.CLICKHOUSE_URL)[0] as string,
    admin: {
      user: env.CLICKHOUSE_ADMIN?.trim() || 'default',
      password: readSecret(env, 'CLICKHOUSE_ADMIN_PASSWORD') ?? '',
    },
    database: read.CLICKHOUSE_DATABASE as string,
    cluster: env.CLICKHOUSE_CLUSTER?.trim() || undefined,
    writer: { user: read.CLICKHOUSE_WRITER as string, password: read.CLICKHOUSE_WRITER_PASSWORD ?? newPassword() },
    reader: { user: read.CLICKHOUSE_READER as string, password: read.CLICKHOUSE_READER_PASSWORD ?? newPassword() },
  };
}

/** `npm run clickhouse:setup`: prepares ClickHouse; the users' passwords are kept in an environment file (0600). */
if (import.meta.main) {
  const { values } = parseArgs({ options: { into: { type: 'string', default: '.env' } } });
  const file = values.into;
  try {
    loadEnvFile();
    const setup = readClickHouse(process.env);
    await setUpClickHouse(setup);
    keepInEnvFile(file, {
      CLICKHOUSE_WRITER_PASSWORD: setup.writer.password,
      CLICKHOUSE_READER_PASSWORD: setup.reader.password,
    });
    process.stdout.write(
      `ClickHouse is ready. The passwords of its two users are in ${file}; set CLICKHOUSE_URL there too.\n`,
    );
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : `ClickHouse: ${(error as Error).message}`}\n`,
    );
    process.exit(1);
  }
}
