import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { between, pick, type Random } from './random.ts';

interface Item {
  /** Key under which the store must have it: `cpu/cpu0 <time>` or `log <text>`. */
  id: string;
  /** Identifies the sender and the time. */
  value: string;
  line: string;
}

const BATCH = 1000;
const TIMEOUT_MS = 5000;
/** Telegraf drops data after these statuses; after all others it keeps and resends it. */
const DROPPED = [400, 413, 422];

/**
 * Behaves like Telegraf's outputs.http: keeps its lines until a 2xx, sends batches oldest first, times out after five
 * seconds, and retries at the next flush.
 */
export class SimulatedRobot {
  readonly acknowledged = new Map<string, string>();
  readonly sent = new Map<string, string>();
  readonly replies = new Map<string, number>();
  readonly number: number;
  /** Requests that began, and got a 2xx, while the robot was deactivated. */
  acceptedWhileOff = 0;
  #token: string;
  /** Incremented at each deactivation and reactivation. */
  #switched = 0;
  #isOff = false;
  #random: Random;
  #kept: Item[] = [];
  #sequence = 0;
  #lastTime = 0;

  constructor(number: number, token: string, random: Random) {
    this.number = number;
    this.#token = token;
    this.#random = random;
  }

  get waiting(): number {
    return this.#kept.length;
  }

  /** Must be called after the deactivating request has returned and before the reactivating one. */
  switchOff(isOff: boolean): void {
    this.#isOff = isOff;
    this.#switched++;
  }

  /** Measures and sends to any of the addresses until told to stop measuring; then sends the rest, until `signal`. */
  async live(urls: () => string[], measuring: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (measuring() || this.#kept.length > 0)) {
      if (measuring()) this.#measure();
      await this.#flush(pick(this.#random, urls()), signal);
      await sleep(between(this.#random, 50, 300), undefined, { signal }).catch(() => undefined);
    }
  }

  #measure(): void {
    // Times are unique, because an overwritten point would look like a lost one.
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1);
    for (const cpu of ['cpu-total', 'cpu0', 'cpu1']) {
      const value = `${this.number}${String(++this.#sequence).padStart(7, '0')}`;
      const line = `cpu,cpu=${cpu},robot_id=1 usage_idle=${value} ${this.#lastTime}000000`;
      this.#keep({ id: `cpu/${cpu} ${this.#lastTime}`, value, line });
    }
    if (this.#random() < 0.5) return;
    // Several entries in the same microsecond.
    for (let i = 0; i < between(this.#random, 1, 4); i++) {
      const text = `entry ${this.number}-${++this.#sequence}`;
      const line = `syslog message="${text}",level="info",program="p" ${this.#lastTime}000000`;
      this.#keep({ id: `log ${text}`, value: text, line });
    }
  }

  #keep(item: Item): void {
    this.#kept.push(item);
    this.sent.set(item.id, item.value);
  }

  async #flush(url: string, signal: AbortSignal): Promise<void> {
    const batch = this.#kept.slice(0, BATCH);
    if (batch.length === 0) return;
    const text = batch.map(({ line }) => `${line}\n`).join('');
    const isGzip = this.#random() < 0.5;
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (isGzip) headers['content-encoding'] = 'gzip';
    const body = isGzip ? new Uint8Array(gzipSync(text)) : text;
    const [wasOff, switched] = [this.#isOff, this.#switched];
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const reply = await fetch(`${url}/api/metrics`, { method: 'POST', headers, body, signal: limit }).catch(
      () => undefined,
    );
    if (reply?.ok && wasOff && switched === this.#switched) this.acceptedWhileOff++;
    await reply?.arrayBuffer().catch(() => undefined);
    const outcome = reply ? String(reply.status) : 'no answer';
    this.replies.set(outcome, (this.replies.get(outcome) ?? 0) + 1);
    if (reply?.ok) for (const { id, value } of batch) this.acknowledged.set(id, value);
    if (reply && (reply.ok || DROPPED.includes(reply.status))) this.#kept = this.#kept.slice(batch.length);
  }
}
