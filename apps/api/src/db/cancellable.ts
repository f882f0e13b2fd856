import { sql } from 'kysely';
import type { Database, Db } from './schema.ts';

/**
 * Reads on one connection of `reads`. Aborting `signal` cancels the running statement in the database.
 * @param db another pool, used to cancel even when all connections of `reads` are busy
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
      // Wait for the cancel request, or it could hit the next read on this connection.
      await cancelling;
    }
  });
}
