import { hkdfSync } from 'node:crypto';

/** Purposes for derived keys. What is sealed for one purpose cannot be opened for another. */
export type KeyPurpose =
  | 'signing keys'
  | 'pairing tokens'
  | 'name of the cookie'
  | 'cookie for apps'
  | 'OpenID keys'
  | 'second factors'
  | 'ID tokens'
  | 'alert channels'
  | 'push keys';

/** Derives 32 bytes for one purpose from SECRET_KEY (HKDF, RFC 5869). */
export function deriveKey(secretKey: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'robowatch', purpose, 32));
}
