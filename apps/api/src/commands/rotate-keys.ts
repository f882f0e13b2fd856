import { rotateSigningKeys } from '../accounts/signing-keys.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { runCommand } from './command.ts';

/** `npm run keys:rotate`: signs access tokens with a new key. Tokens already issued stay valid until they expire. */
await runCommand(async (db, config) => {
  const key = deriveKey(config.secretKey, 'signing keys');
  const id = await rotateSigningKeys(db, key, config.auth.accessTokenTtl);
  return `The new signing key is ${id}. Every replica signs access tokens with it within a minute.`;
});
