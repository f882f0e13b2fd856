import type { Database, Db } from '../db/schema.ts';
import { deleteDelivered, insertWaiting, postpone, takeDue } from './outbox-store.ts';

/** How messages of one kind reach whom they are for. */
export interface Delivery<Payload extends object> {
  kind: string;
  /** How many are delivered in one transaction. */
  atOnce: number;
  /**
   * What it does in `tx` happens exactly once. What it does outside may happen again when the process dies before the
   * transaction ends: the receiver must be able to tell. A rejection keeps the messages for later.
   */
  deliver(tx: Db, payloads: Payload[]): Promise<void>;
}

/** Decides, in the transaction of what is told of, that these messages are to be delivered. */
export async function addToOutbox(tx: Db, kind: string, payloads: readonly object[]): Promise<void> {
  if (payloads.length > 0) await insertWaiting(tx, kind, payloads);
}

/** Delivers what is due. Replicas share the work. @throws what went wrong with the first that could not be delivered */
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
