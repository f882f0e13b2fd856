import { parseArgs } from 'node:util';
import { ConfigError, readSecret } from '../config/env.ts';
import { endFormerTokens } from '../stores/influxdb/setup.ts';
import { forgetAdminToken, newAdminToken } from '../stores/influxdb/tokens.ts';
import { influxSetup, runInfluxCommand } from './influx-setup.ts';

/**
 * Replaces InfluxDB's tokens in two steps each, so that whoever uses them can change over between the two:
 * `new-tokens --writer-dir=… --reader-dir=…`, `end-former-tokens`; `new-admin-token` (prints it), `end-admin-token`
 * (that of FORMER_ADMIN_TOKEN).
 */
const { positionals, values } = parseArgs({
  options: { 'writer-dir': { type: 'string' }, 'reader-dir': { type: 'string' } },
  allowPositionals: true,
});

await runInfluxCommand(async (setup) => {
  switch (positionals[0]) {
    case 'new-tokens': {
      const { 'writer-dir': writer, 'reader-dir': reader } = values;
      if (!writer || !reader) throw new ConfigError('new-tokens needs --writer-dir and --reader-dir.');
      await influxSetup({ ...setup, newTokens: true }, { writer, reader });
      return 'There are two new tokens.';
    }
    case 'end-former-tokens':
      return `${await endFormerTokens(setup)} former tokens are not valid any more.`;
    case 'new-admin-token':
      return newAdminToken(setup);
    case 'end-admin-token': {
      const former = readSecret(process.env, 'FORMER_ADMIN_TOKEN');
      if (!former) throw new ConfigError('Set FORMER_ADMIN_TOKEN to the token to end.');
      await forgetAdminToken(setup, former);
      return 'The former admin token is not valid any more.';
    }
    default:
      throw new ConfigError('Say new-tokens, end-former-tokens, new-admin-token or end-admin-token.');
  }
});
