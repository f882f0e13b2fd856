import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './env.ts';

const MIN_LENGTH = 32;
const WELL_KNOWN = /change.?me|example|insecure|default|your.?secret|placeholder|password|^(.{1,8})\1+$/i;

/** @throws ConfigError when a key is too short, well known or repetitive */
export function checkSecretKey(key: string): string {
  if (key.length < MIN_LENGTH) {
    throw new ConfigError(`SECRET_KEY must have at least ${MIN_LENGTH} characters. Generate one: openssl rand -hex 32`);
  }
  if (WELL_KNOWN.test(key) || new Set(key).size < 8) {
    throw new ConfigError('SECRET_KEY looks well known or too regular. Generate one: openssl rand -hex 32');
  }
  return key;
}

/** The key stored in `dataDir/secret-key` (0600), generated on first use. */
export function keptSecretKey(dataDir: string): string {
  const file = join(dataDir, 'secret-key');
  if (!existsSync(file)) {
    try {
      writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  chmodSync(file, 0o600);
  return checkSecretKey(readFileSync(file, 'utf8').trim());
}

/**
 * Generates a successor to the key in `dataDir/secret-key`, stored next to it until `use()` replaces the old one. After
 * an interruption it returns the same key again.
 */
export function newKeptSecretKey(dataDir: string): { key: string; use(): void } {
  const file = join(dataDir, 'secret-key.new');
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  const key = checkSecretKey(readFileSync(file, 'utf8').trim());
  return { key, use: () => renameSync(file, join(dataDir, 'secret-key')) };
}
