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

/** Tells every replica, once the surrounding transaction has committed (PostgreSQL NOTIFY). */
export async function publish(db: Db, event: FleetEvent): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(event)})`.execute(db);
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
    client.on('notification', ({ payload }) => payload && this.emit('event', JSON.parse(payload) as FleetEvent));
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
