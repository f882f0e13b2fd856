import { createHash } from 'node:crypto';

/** Any fixed value will do: it keeps our names apart from those of others. */
const NAMESPACE = Buffer.from('0f3f1f2f7a015b0c7c0e6f1b4d7e9a51', 'hex');

/**
 * The fixed uuid (RFC 9562, version 5) of one of our objects in Superset. It decides which object an import overwrites,
 * so a renamed key leaves the old object to be removed.
 */
export function uuidOf(kind: 'dataset' | 'chart' | 'dashboard', key: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(`${kind} ${key}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** That of databases/robowatch.yaml. */
export const DATABASE_UUID = '5b0c7c0e-6f1b-4d7e-9a51-0f3f1f2f7a01';
