import { hkdfSync } from 'node:crypto';

/** Everything that a key is derived for. What is sealed for one purpose cannot be opened for another. */
export type KeyPurpose = 'signing keys' | 'pairing tokens' | 'name of the cookie';

/** 32 bytes for one purpose, from the one secret (RFC 5869). */
export function deriveKey(secretKey: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'robowatch', purpose, 32));
}
