import { AppError } from '../errors.ts';

/** Cursors are opaque to clients: the sort keys of the last item, as base64url JSON. */
export function encodeCursor(...keys: (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** @throws AppError validation_failed when the cursor is malformed */
export function decodeCursor(cursor: string | undefined): (string | number | null)[] | undefined {
  if (!cursor) return undefined;
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(keys) && keys.every((key) => key === null || ['string', 'number'].includes(typeof key)))
      return keys;
  } catch {
    // malformed: reported below
  }
  throw notOurs();
}

const notOurs = () =>
  new AppError('validation_failed', 'cursor must be the next_cursor of an earlier reply. Start again without it.');

/** Largest values of integer columns. */
export const MAX = { integer: 2n ** 31n - 1n, bigint: 2n ** 63n - 1n };

/** Checks that a cursor's key is an integer. @returns its digits. @throws AppError validation_failed */
export function wholeKey(key: string | number | null | undefined, max: bigint): string {
  const digits = String(key);
  if (!/^-?\d{1,19}$/.test(digits) || BigInt(digits) > max || BigInt(digits) < -max) throw notOurs();
  return digits;
}

/** Checks that a cursor's key is text. @throws AppError validation_failed */
export function textKey(key: string | number | null | undefined): string {
  if (typeof key !== 'string' || key.includes('\0')) throw notOurs();
  return key;
}

/** Builds `{items, next_cursor}` from limit + 1 rows. */
export const page = <Row>(rows: Row[], limit: number, ...keys: Key<Row>[]) =>
  pageOf(rows.slice(0, limit), rows.length > limit, ...keys);

type Key<Row> = (row: Row) => string | number | null;

/** @param more whether more items follow */
export function pageOf<Row>(items: Row[], more: boolean, ...keys: Key<Row>[]) {
  const last = items.at(-1);
  return { items, next_cursor: more && last ? encodeCursor(...keys.map((key) => key(last))) : null };
}
