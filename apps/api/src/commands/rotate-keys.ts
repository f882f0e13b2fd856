import { rotateSigningKeys } from '../accounts/signing-keys.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { runCommand } from './command.ts';

/** `npm run keys:rotate`: access tokens are signed with a new key; those given out stay good until they expire. */
await runCommand(async (db, config) => {
  const key = deriveKey(config.secretKey, 'signing keys');
  const id = await rotateSigningKeys(db, key, config.auth.accessTokenTtl);
  return `Access tokens are signed with the new key ${id}, by every replica within a minute.`;
});
