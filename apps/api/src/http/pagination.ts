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
  throw new AppError('validation_failed', 'cursor is not one that a former page gave. Start again without it.');
}

/** The one whole-number key of a cursor. */
export function after(cursor: (string | number | null)[]): string {
  const key = String(cursor[0]);
  if (!/^\d{1,18}$/.test(key))
    throw new AppError('validation_failed', 'cursor is not one that a former page gave. Start again without it.');
  return key;
}

/** `{items, next_cursor}` of limit + 1 rows. */
export function page<Row>(rows: Row[], limit: number, ...keys: ((row: Row) => string | number | null)[]) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last ? encodeCursor(...keys.map((key) => key(last))) : null };
}
