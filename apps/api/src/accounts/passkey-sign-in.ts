import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { type Actor, audit } from '../audit/index.ts';
import { networkOf } from '../http/address.ts';
import { addChallenge, CHALLENGE_TTL, takeChallenge } from './challenge-store.ts';
import { findPasskey, notePasskeyUse } from './passkey-store.ts';
import { challengeIn, partyOf, refusedPasskey, webAuthn } from './passkeys.ts';
import type { Client } from './session-store.ts';
import { type AuthDeps, completeSignIn, type SignedIn } from './sign-in.ts';

/** Options for `navigator.credentials.get`: whichever passkey the person chooses. @throws AppError forbidden, rate_limited */
export async function beginPasskeySignIn({ db, config, attempts }: AuthDeps, client: Client) {
  const party = partyOf(config);
  await attempts.starts.spend(networkOf(client.address));
  const challenge = await addChallenge(db, 'passkey');
  const { generateAuthenticationOptions } = await webAuthn();
  return generateAuthenticationOptions({
    rpID: party.id,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout: CHALLENGE_TTL * 1000,
    userVerification: 'required',
  });
}

/**
 * A passkey is both factors: a device, and what unlocks it.
 * @param known the browser's refresh token, if any @throws AppError passkey_refused, rate_limited
 */
export async function signInWithPasskey(
  deps: AuthDeps,
  credential: AuthenticationResponseJSON,
  known: string | undefined,
  client: Client,
  requestId: string,
): Promise<SignedIn> {
  const { db, config, attempts } = deps;
  const party = partyOf(config);
  const network = networkOf(client.address);
  await attempts.address.spend(network);
  const challenge = challengeIn(credential);
  const isFresh = (await takeChallenge(db, 'passkey', challenge)) !== undefined;
  const passkey = await findPasskey(db, credential.id);
  if (!isFresh || !passkey) throw refusedPasskey();
  const actor: Actor = {
    ...{ kind: 'user', id: passkey.user_id, name: passkey.email, address: client.address, requestId },
  };
  const refuse = async () => {
    await audit(db, actor, { action: 'auth.passkey_refused' });
    throw refusedPasskey();
  };
  const { verifyAuthenticationResponse } = await webAuthn();
  const answer = await verifyAuthenticationResponse({
    response: credential,
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    credential: {
      id: credential.id,
      publicKey: new Uint8Array(Buffer.from(passkey.public_key, 'base64url')),
      counter: Number(passkey.counter),
      transports: passkey.transports,
    },
  }).catch(() => undefined);
  if (!answer?.verified || credential.response.userHandle !== passkey.user_handle) return refuse();
  const { newCounter } = answer.authenticationInfo;
  const signedIn = await db.transaction().execute(async (tx) => {
    if (!(await notePasskeyUse(tx, passkey.id, newCounter))) return undefined;
    return completeSignIn({ ...deps, db: tx }, passkey.user_id, actor, known, client, 'passkey');
  });
  if (!signedIn) return refuse();
  await attempts.address.refund(network);
  return signedIn;
}
