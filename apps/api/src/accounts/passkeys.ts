import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { publish } from '../events/event-bus.ts';
import type { Caller } from './caller.ts';
import { addChallenge, CHALLENGE_TTL, dropChallengesOf, takeChallenge } from './challenge-store.ts';
import { deletePasskey, insertPasskey, listPasskeys, registeredWith } from './passkey-store.ts';
import { sessionOf } from './password-again.ts';
import { relyingParty } from './relying-party.ts';
import { endSessionsOf } from './session-store.ts';
import { lockUser } from './user-store.ts';

const MAX_PASSKEYS = 20;
type Deps = { db: Database; config: Pick<Config, 'publicUrl'> };

/** The library is large, so it is loaded when somebody uses a passkey. */
export const webAuthn = () => import('@simplewebauthn/server');

/** @throws AppError forbidden */
export function partyOf(config: Deps['config']) {
  const party = relyingParty(config);
  if (party) return party;
  throw new AppError(
    'forbidden',
    'Browsers offer passkeys only where PUBLIC_URL is https:// with a name, or localhost.',
  );
}

/** The challenge that a browser's answer is about, unless it is no answer at all. */
export function challengeIn({ response }: { response: { clientDataJSON: string } }): string {
  try {
    const { challenge } = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString('utf8'));
    return typeof challenge === 'string' ? challenge : '';
  } catch {
    return '';
  }
}

export const refusedPasskey = () =>
  new AppError('passkey_refused', 'This passkey is not known here, or its answer has expired. Try again.');

/** Options for `navigator.credentials.create`. @throws AppError forbidden */
export async function beginPasskey({ db, config }: Deps, caller: Caller) {
  const party = partyOf(config);
  const { userHandle, credentials } = await registeredWith(db, caller.id);
  if (credentials.length >= MAX_PASSKEYS)
    throw new AppError('validation_failed', `There are ${MAX_PASSKEYS} passkeys already. Remove those not needed.`);
  const sessionId = sessionOf(caller);
  const payload = { userHandle };
  const challenge = await addChallenge(db, 'new passkey', { userId: caller.id, sessionId, payload });
  const { generateRegistrationOptions } = await webAuthn();
  return generateRegistrationOptions({
    rpName: 'Robowatch',
    rpID: party.id,
    userName: caller.email,
    userDisplayName: caller.name,
    userID: new Uint8Array(Buffer.from(userHandle, 'base64url')),
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout: CHALLENGE_TTL * 1000,
    excludeCredentials: credentials,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

/** Ends the user's other sessions, which were begun without it. @throws AppError passkey_refused */
export async function addPasskey(
  { db, config }: Deps,
  actor: Actor,
  caller: Caller,
  { name, credential }: { name: string; credential: RegistrationResponseJSON },
) {
  const party = partyOf(config);
  const sessionId = sessionOf(caller);
  const challenge = challengeIn(credential);
  const taken = await takeChallenge(db, 'new passkey', challenge);
  if (taken?.user_id !== caller.id || taken.session_id !== sessionId) throw refusedPasskey();
  const { verifyRegistrationResponse } = await webAuthn();
  const { registrationInfo } = await verifyRegistrationResponse({
    response: credential,
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
  }).catch(() => {
    throw refusedPasskey();
  });
  if (!registrationInfo) throw refusedPasskey();
  const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
  return db.transaction().execute(async (tx) => {
    await lockUser(tx, caller.id);
    if ((await listPasskeys(tx, caller.id)).length >= MAX_PASSKEYS) throw refusedPasskey();
    const passkey = {
      ...{ name, counter, transports, credentialId: id, publicKey: Buffer.from(publicKey).toString('base64url') },
      userHandle: String(taken.payload.userHandle),
    };
    const added = await insertPasskey(tx, caller.id, passkey);
    if (!added) throw refusedPasskey();
    await endSessionsOf(tx, caller.id, sessionId);
    await dropChallengesOf(tx, caller.id);
    const target = { kind: 'user' as const, id: caller.id, name: caller.email };
    const details = { factor: 'passkey', name };
    await audit(tx, actor, { action: 'user.second_factor_added', target, details });
    await publish(tx, { type: 'access_changed', user_id: caller.id });
    return { id: added };
  });
}

/** @throws AppError not_found */
export async function removePasskey({ db }: Deps, actor: Actor, caller: Caller, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const name = await deletePasskey(tx, caller.id, id);
    if (name === undefined) throw notFound('passkey');
    const target = { kind: 'user' as const, id: caller.id, name: caller.email };
    const details = { factor: 'passkey', name };
    await audit(tx, actor, { action: 'user.second_factor_removed', target, details });
    await publish(tx, { type: 'access_changed', user_id: caller.id });
  });
}

export type { AuthenticationResponseJSON, RegistrationResponseJSON };
