import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { notify } from '../db/notify.ts';
import type { Db } from '../db/schema.ts';

const CHANNEL = 'robowatch_events';
const RETRY_MS = 1_000;
const TIMEOUT_MS = 5_000;

export type FleetEvent =
  | { type: 'robot_seen'; robot_ids: number[]; owner_id: number | null }
  | {
      type: 'robot_offline' | 'robot_status_changed' | 'robot_paired' | 'robot_deleted';
      robot_id: number;
      owner_id: number | null;
    }
  /** `owner_id` is the rule's. */
  | { type: 'alert_changed'; alert_id: number; robot_id: number; owner_id: number }
  | { type: 'access_changed'; user_id: number };

/** PostgreSQL limits a notification to less than 8,000 bytes. */
const MAX_PAYLOAD = 7_500;
const MAX_IDS = 500;

/** Sends events to every replica when the surrounding transaction commits (PostgreSQL NOTIFY), in one statement. */
export async function publish(db: Db, ...events: FleetEvent[]): Promise<void> {
  if (events.length === 0) return;
  const payloads: string[] = [];
  let parts: string[] = [];
  let length = 0;
  for (const event of events.flatMap(inPieces)) {
    const text = JSON.stringify(event);
    if (length + text.length > MAX_PAYLOAD) {
      payloads.push(`[${parts.join()}]`);
      [parts, length] = [[], 0];
    }
    parts.push(text);
    length += text.length + 1;
  }
  payloads.push(`[${parts.join()}]`);
  await notify(db, CHANNEL, payloads);
}

function inPieces(event: FleetEvent): FleetEvent[] {
  if (event.type !== 'robot_seen' || event.robot_ids.length <= MAX_IDS) return [event];
  const pieces: FleetEvent[] = [];
  for (let i = 0; i < event.robot_ids.length; i += MAX_IDS)
    pieces.push({ ...event, robot_ids: event.robot_ids.slice(i, i + MAX_IDS) });
  return pieces;
}

/** Any database user can send notifications, so anything that is not one of our events is ignored. */
function readEvents(payload = ''): FleetEvent[] {
  try {
    const events = [JSON.parse(payload)].flat() as (FleetEvent | null)[];
    return events.filter(isEvent);
  } catch {
    return [];
  }
}

function isEvent(event: FleetEvent | null): event is FleetEvent {
  if (typeof event?.type !== 'string') return false;
  return event.type !== 'robot_seen' || Array.isArray(event.robot_ids);
}

/** Owners receive events of their own robots, administrators all; each user receives changes to their own access. */
type Topics = Record<'fleet' | `owner ${number}` | `user ${number}`, [FleetEvent]>;

/** One listening connection per process, reopened when it breaks. Emits each event to the topics it concerns. */
export class EventBus extends EventEmitter<Topics> {
  #url: string;
  #client: pg.Client | undefined;
  #closing = new AbortController();

  constructor(url: string) {
    super();
    this.setMaxListeners(0);
    this.#url = url;
  }

  /** @throws when the database cannot be reached; does not retry in that case */
  async start(): Promise<void> {
    const client = await this.#listen();
    if (this.#closing.signal.aborted) return void (await client.end().catch(() => {}));
    this.#client = client;
    // Only for a connection that has listened: a failed attempt is reported by rejecting.
    client.once('end', () => void this.#restart());
  }

  dispatch(event: FleetEvent): void {
    if (event.type === 'access_changed') return void this.emit(`user ${event.user_id}`, event);
    this.emit('fleet', event);
    if (event.owner_id !== null) this.emit(`owner ${event.owner_id}`, event);
  }

  async #listen(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'robowatch events',
      keepAlive: true,
      // Without timeouts, a frozen or vanished database would block the attempt for ever.
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    client.on('error', () => {});
    client.on('notification', ({ payload }) => {
      for (const event of readEvents(payload)) this.dispatch(event);
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      return client;
    } catch (error) {
      void client.end().catch(() => {});
      throw error;
    }
  }

  async #restart(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await sleep(RETRY_MS, undefined, { ref: false, signal }).catch(() => {});
      if (signal.aborted) return;
      const listens = await this.start().then(
        () => true,
        () => false,
      );
      if (listens) return;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.end().catch(() => {});
  }
}
