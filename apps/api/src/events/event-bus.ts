import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import type { Db } from '../db/schema.ts';

const CHANNEL = 'robowatch_events';

export type FleetEvent =
  | {
      type: 'robot_seen' | 'robot_offline' | 'robot_status_changed' | 'robot_paired' | 'robot_deleted';
      robot_id: number;
      owner_id: number | null;
    }
  | { type: 'access_changed'; user_id: number };

/** PostgreSQL takes less than 8,000 bytes in one notification. */
const MAX_EVENTS = 64;

/** Tells every replica, once the surrounding transaction has committed (PostgreSQL NOTIFY), in one statement. */
export async function publish(db: Db, ...events: FleetEvent[]): Promise<void> {
  if (events.length === 0) return;
  const payloads: string[] = [];
  for (let i = 0; i < events.length; i += MAX_EVENTS) payloads.push(JSON.stringify(events.slice(i, i + MAX_EVENTS)));
  await sql`select pg_notify(${CHANNEL}, payload) from unnest(${payloads}::text[]) as payload`.execute(db);
}

/** One listening connection a process, re-made when it breaks; emits `event`. */
export class EventBus extends EventEmitter<{ event: [FleetEvent] }> {
  #url: string;
  #client: pg.Client | undefined;
  #closed = false;

  constructor(url: string) {
    super();
    this.setMaxListeners(0);
    this.#url = url;
  }

  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'robowatch events',
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', ({ payload }) => {
      // A replica of a former version tells of one event at a time.
      for (const event of [JSON.parse(payload ?? '[]') as FleetEvent | FleetEvent[]].flat()) this.emit('event', event);
    });
    client.on('error', () => {});
    client.on('end', () => void this.#restart());
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
  }

  async #restart(): Promise<void> {
    if (this.#closed) return;
    await sleep(1000, undefined, { ref: false });
    await this.start().catch(() => this.#restart());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => {});
  }
}
