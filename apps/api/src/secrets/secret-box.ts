import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

/** A 256-bit secret for links, sessions, robots: 43 characters of base64url. */
export const newSecret = () => randomBytes(32).toString('base64url');

/** The stored form of a 256-bit secret. A fast hash is enough: such a secret cannot be guessed. */
export const sha256 = (secret: string) => hash('sha256', secret, 'hex');

/** AES-256-GCM: 12 bytes nonce, 16 bytes tag, ciphertext. */
export function seal(key: Buffer, plain: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @returns undefined when it was sealed with another key or has been tampered with */
export function open(key: Buffer, sealed: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAuthTag(sealed.subarray(12, 28));
    return decipher.update(sealed.subarray(28), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
