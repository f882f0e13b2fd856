import { AppError } from '../errors.ts';

/** Cursors are opaque to clients: the sort keys of the last item, as base64url JSON. */
export function encodeCursor(...keys: (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** @throws AppError validation_failed when it is not one of ours */
export function decodeCursor(cursor: string | undefined): (string | number | null)[] | undefined {
  if (!cursor) return undefined;
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(keys) && keys.every((key) => key === null || ['string', 'number'].includes(typeof key)))
      return keys;
  } catch {
    // not ours: told below
  }
  throw notOurs();
}

const notOurs = () =>
  new AppError('validation_failed', 'cursor is not one that a former page gave. Start again without it.');

/** What columns of whole numbers hold at most. */
export const MAX = { integer: 2n ** 31n - 1n, bigint: 2n ** 63n - 1n };

/** A key of a cursor that is a whole number, as digits. @throws AppError validation_failed */
export function wholeKey(key: string | number | null | undefined, max: bigint): string {
  const digits = String(key);
  if (!/^-?\d{1,19}$/.test(digits) || BigInt(digits) > max || BigInt(digits) < -max) throw notOurs();
  return digits;
}

/** A key of a cursor that is text. @throws AppError validation_failed */
export function textKey(key: string | number | null | undefined): string {
  if (typeof key !== 'string' || key.includes('\0')) throw notOurs();
  return key;
}

/** `{items, next_cursor}` of limit + 1 rows. */
export const page = <Row>(rows: Row[], limit: number, ...keys: Key<Row>[]) =>
  pageOf(rows.slice(0, limit), rows.length > limit, ...keys);

type Key<Row> = (row: Row) => string | number | null;

/** @param more whether there are more items behind these */
export function pageOf<Row>(items: Row[], more: boolean, ...keys: Key<Row>[]) {
  const last = items.at(-1);
  return { items, next_cursor: more && last ? encodeCursor(...keys.map((key) => key(last))) : null };
}
