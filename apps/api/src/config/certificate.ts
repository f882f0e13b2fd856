import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './env.ts';

export interface Certificate {
  pem: string;
  /** SHA-256 of the file as served, hex. */
  sha256: string;
}

/** @throws ConfigError when the file cannot be read, is not a certificate, or also contains a private key */
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
      `CA_FILE ${file} contains a private key. The file is served to everybody: leave only the certificate in it.`,
    );
  try {
    new X509Certificate(pem);
  } catch {
    throw new ConfigError(`CA_FILE ${file} is not a certificate in PEM format.`);
  }
  return { pem, sha256: createHash('sha256').update(pem).digest('hex') };
}
