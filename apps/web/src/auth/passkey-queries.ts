import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import { api, dataOf } from '../api/client';
import type { SignedIn } from '../api/types';

type Options<Start extends (given: never) => unknown> = Parameters<Start>[0] extends { optionsJSON: infer Json }
  ? Json
  : never;

/** The browser asks which passkey, and for the fingerprint or the PIN that unlocks it. */
export async function signInWithPasskey(): Promise<SignedIn> {
  const { options } = await dataOf(api.POST('/api/auth/passkey/options'));
  const credential = await startAuthentication({
    optionsJSON: options as unknown as Options<typeof startAuthentication>,
  });
  return dataOf(api.POST('/api/auth/passkey', { body: { credential: { ...credential } as never } }));
}

/** Ends the person's other sessions. */
export async function addPasskey(name: string, current_password: string): Promise<void> {
  const { options } = await dataOf(api.POST('/api/auth/passkeys/options', { body: { current_password } }));
  const credential = await startRegistration({ optionsJSON: options as unknown as Options<typeof startRegistration> });
  await api.POST('/api/auth/passkeys', { body: { name, credential: { ...credential } as never } });
}

export const removePasskey = (id: string, current_password: string) =>
  api.POST('/api/auth/passkeys/{id}/remove', { params: { path: { id } }, body: { current_password } });
