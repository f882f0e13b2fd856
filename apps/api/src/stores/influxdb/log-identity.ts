import { hash } from 'node:crypto';

/** What identifies a log entry. */
export interface LogIdentity {
  /** Nanoseconds since 1970. */
  time: bigint;
  digest: string;
}

/** The same digest for the same entry, sent or read back. @param tags without the identity tags */
export function logDigest(message: string, level: string, program: string, tags: Record<string, string>): string {
  const sorted = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('md5', JSON.stringify([message, level, program, sorted]), 'base64url');
}
