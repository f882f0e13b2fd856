import { ConfigError } from '../../config/env.ts';
import type { ClickHouse } from './client.ts';

/** Names of ClickHouse's errors. */
const REFUSED = ['AUTHENTICATION_FAILED', 'UNKNOWN_USER', 'WRONG_PASSWORD', 'REQUIRED_PASSWORD'];
const MISSING = ['UNKNOWN_DATABASE', 'UNKNOWN_TABLE'];

/** @returns false when no machine answers. @throws ConfigError when it refuses an account or lacks the tables */
export async function verify(db: ClickHouse): Promise<boolean> {
  const tried = async (account: 'reader' | 'writer') =>
    db.tryAccount(account).then(
      () => true,
      ({ type }: { type?: string }) => {
        const setting = `CLICKHOUSE_${account.toUpperCase()}_PASSWORD`;
        if (type && REFUSED.includes(type))
          throw new ConfigError(
            `ClickHouse refuses its ${account}. Run \`npm run clickhouse:setup\`, or check ${setting}.`,
          );
        if (type && MISSING.includes(type))
          throw new ConfigError(
            'ClickHouse has no such database, or not its tables. Run `npm run clickhouse:setup`, or check CLICKHOUSE_DATABASE.',
          );
        // It has answered.
        return type !== undefined;
      },
    );
  const [reads, writes] = await Promise.all([tried('reader'), tried('writer')]);
  return reads && writes;
}
