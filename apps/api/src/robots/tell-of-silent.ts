import type { Database, Db } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { addToOutbox, type Delivery } from '../jobs/outbox.ts';
import { takeSilent } from './presence-store.ts';
import { noteAlive } from './server-watch-store.ts';

const ROBOTS_AT_ONCE = 5_000;

interface WentOffline {
  robot_id: number;
  owner_id: number | null;
}

/** Queues one event for each robot that has gone silent, whichever replica notices first. */
export async function noteSilent(db: Database, offlineAfter: number): Promise<void> {
  await noteAlive(db, offlineAfter);
  for (let found = ROBOTS_AT_ONCE; found === ROBOTS_AT_ONCE; ) {
    found = await db.transaction().execute(async (tx) => {
      const silent: WentOffline[] = await takeSilent(tx, offlineAfter, ROBOTS_AT_ONCE);
      await addToOutbox(tx, 'robot_offline', silent);
      return silent.length;
    });
  }
}

/** Publishes the queued events to open pages. */
export const tellOfSilent: Delivery<WentOffline> = {
  kind: 'robot_offline',
  atOnce: ROBOTS_AT_ONCE,
  deliver: (tx: Db, robots) => publish(tx, ...robots.map((robot) => ({ type: 'robot_offline' as const, ...robot }))),
};
