import type { Database, Db } from '../db/schema.ts';
import { deleteDelivered, insertWaiting, postpone, takeDue } from './outbox-store.ts';

/** Delivers messages of one kind. */
export interface Delivery<Payload extends object> {
  kind: string;
  /** Batch size: messages delivered in one transaction. */
  atOnce: number;
  /**
   * Effects within `tx` happen exactly once. Effects outside may be repeated if the process dies before the commit, so
   * they must be idempotent. On rejection the messages are retried later.
   */
  deliver(tx: Db, payloads: Payload[]): Promise<void>;
}

/** Queues messages in the same transaction as the change they announce. */
export async function addToOutbox(tx: Db, kind: string, payloads: readonly object[]): Promise<void> {
  if (payloads.length > 0) await insertWaiting(tx, kind, payloads);
}

/** Delivers due messages; replicas share the work. @throws the error of the first batch that fails */
export async function deliverDue<Payload extends object>(
  db: Database,
  { kind, atOnce, deliver }: Delivery<Payload>,
): Promise<void> {
  for (let count = atOnce; count === atOnce; ) {
    let ids: string[] = [];
    try {
      count = await db.transaction().execute(async (tx) => {
        const due = await takeDue<Payload>(tx, kind, atOnce);
        ids = due.map(({ id }) => id);
        if (due.length === 0) return 0;
        await deliver(
          tx,
          due.map(({ payload }) => payload),
        );
        await deleteDelivered(tx, ids);
        return due.length;
      });
    } catch (error) {
      if (ids.length > 0) await postpone(db, ids, String((error as Error)?.message ?? error).slice(0, 500));
      throw error;
    }
  }
}
