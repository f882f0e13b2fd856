import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './env.ts';

export interface Certificate {
  pem: string;
  /** SHA-256 of the file as it is served, hex. */
  sha256: string;
}

/** @throws ConfigError when the file cannot be read, is no certificate, or holds a private key beside it */
export function readCertificate(file: string | undefined): Certificate | undefined {
  if (!file) return undefined;
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`CA_FILE ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if (pem.includes('PRIVATE KEY'))
    throw new ConfigError(
      `CA_FILE ${file} holds a private key. It is served to everybody: leave only the certificate.`,
    );
  try {
    new X509Certificate(pem);
  } catch {
    throw new ConfigError(`CA_FILE ${file} is not a certificate in PEM format.`);
  }
  return { pem, sha256: createHash('sha256').update(pem).digest('hex') };
}
