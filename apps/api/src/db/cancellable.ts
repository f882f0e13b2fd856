import { sql } from 'kysely';
import type { Database, Db } from './schema.ts';

/**
 * Reads on one connection of `reads`; when `signal` aborts, the statement under way is ended in the database.
 * @param db another pool, whose connections are free while all those of `reads` are busy
 */
export function cancellable<Result>(
  { db, reads }: { db: Database; reads: Database },
  signal: AbortSignal,
  read: (connection: Db) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  return reads.connection().execute(async (connection) => {
    const { rows } = await sql<{ pid: number }>`/* backend_pid */ select pg_backend_pid() as pid`.execute(connection);
    signal.throwIfAborted();
    let cancelling: Promise<unknown> | undefined;
    const cancel = () => {
      cancelling = sql`select pg_cancel_backend(${rows[0]?.pid})`.execute(db).catch(() => {});
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await read(connection);
    } finally {
      signal.removeEventListener('abort', cancel);
      // The connection must not be another read's when the order to cancel arrives.
      await cancelling;
    }
  });
}
