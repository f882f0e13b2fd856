import { rotateSigningKeys } from '../accounts/signing-keys.ts';
import { rotateProviderKeys } from '../oidc/keys.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { runCommand } from './command.ts';

/** `npm run keys:rotate`: signs access tokens and ID tokens with new keys. Those already issued stay valid until they expire. */
await runCommand(async (db, config) => {
  const key = deriveKey(config.secretKey, 'signing keys');
  const id = await rotateSigningKeys(db, key, config.auth.accessTokenTtl);
  const kid = await rotateProviderKeys(db, deriveKey(config.secretKey, 'OpenID keys'));
  const lines = [
    `The new signing key is ${id}. Every replica signs access tokens with it within a minute.`,
    ...(kid ? [`Grafana and Superset get ID tokens signed with the new key ${kid}.`] : []),
  ];
  return lines.join('\n');
});
