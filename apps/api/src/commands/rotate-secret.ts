import { audit, SYSTEM } from '../audit/audit-store.ts';
import { ConfigError, readSecret } from '../config/env.ts';
import { checkSecretKey, newKeptSecretKey } from '../config/secret-key.ts';
import { reseal } from '../secrets/sealed-secret-store.ts';
import { runCommand } from './command.ts';

/**
 * `npm run secret:rotate`: reseals everything sealed with SECRET_KEY with NEW_SECRET_KEY. If the server generated its
 * own key, this command generates the new one as well. Can be run again after an interruption.
 */
await runCommand(
  async (db, config) => {
    const isKept = !readSecret(process.env, 'SECRET_KEY');
    const given = readSecret(process.env, 'NEW_SECRET_KEY');
    if (isKept && given)
      throw new ConfigError(
        'NEW_SECRET_KEY can be set only together with SECRET_KEY. Unset it: the server generates its own keys.',
      );
    if (!isKept && !given)
      throw new ConfigError(
        'Set NEW_SECRET_KEY to the new key, in addition to SECRET_KEY. Generate one: openssl rand -hex 32',
      );
    const kept = isKept ? newKeptSecretKey(config.dataDir) : undefined;
    const next = kept?.key ?? checkSecretKey(given as string);
    if (next === config.secretKey) throw new ConfigError('NEW_SECRET_KEY is the same as SECRET_KEY.');
    const { sealed, lost } = await db.transaction().execute(async (tx) => {
      const details = await reseal(tx, config.secretKey, next);
      await audit(tx, SYSTEM, { action: 'secret.rotated', details });
      return details;
    });
    kept?.use();
    const result = `${sealed} secrets are now sealed with the new key${lost ? `; ${lost} could not be opened with the old one` : ''}.`;
    return kept ? `${result} The key is in DATA_DIR/secret-key.` : `${result} Start the server with it as SECRET_KEY.`;
  },
  { alone: true },
);
