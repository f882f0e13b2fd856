import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';

export interface Outcome {
  /** 0 where there was no answer. */
  status: number;
  ms: number;
  at: number;
  servedBy: string;
}

const BATCH = 1_000;
const TIMEOUT_MS = 5_000;

/**
 * Reports through the edge as Telegraf's outputs.http does: one connection that stays open, a gzipped body in chunks,
 * what has no 2xx after five seconds is sent again at the next flush, a 4xx but 429 drops it.
 */
export class EdgeRobot {
  readonly acknowledged: number[] = [];
  readonly outcomes: Outcome[] = [];
  /** Of what was dropped because of a reply. */
  dropped = 0;
  #url: string;
  #token: string;
  #agent: Agent;
  #kept: number[] = [];
  /** The next point's time, milliseconds. One a second, whatever the real time: read back, each has its own window. */
  #next: number;

  constructor(url: string, token: string, { ca, from }: { ca: string; from: number }) {
    this.#url = `${url}/api/metrics?precision=ms`;
    this.#token = token;
    this.#next = from;
    this.#agent = new Agent({ connections: 1, connect: { ca }, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  }

  get waiting(): number {
    return this.#kept.length;
  }

  get last(): Outcome | undefined {
    return this.outcomes.at(-1);
  }

  /** Measures and sends every `everyMs` until it is over, then sends what it has kept. */
  async live(everyMs: number, phaseMs: number, isOver: () => boolean): Promise<void> {
    await sleep(phaseMs);
    while (!isOver() || this.waiting > 0) {
      const started = performance.now();
      if (!isOver()) {
        this.#kept.push(this.#next);
        this.#next += 1_000;
      }
      await this.#flush();
      await sleep(Math.max(0, everyMs - (performance.now() - started)));
    }
    await this.#agent.destroy();
  }

  async #flush(): Promise<void> {
    const batch = this.#kept.slice(0, BATCH);
    const body = gzipSync(batch.map((at) => `m value=${at}i ${at}\n`).join(''));
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-encoding': 'gzip',
      'content-type': 'text/plain',
    };
    const at = performance.now();
    const reply = await request(this.#url, {
      ...{ method: 'POST', headers, body: Readable.from([body]), dispatcher: this.#agent },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => undefined);
    const status = reply?.statusCode ?? 0;
    await reply?.body.dump().catch(() => {});
    const servedBy = String(reply?.headers['x-served-by'] ?? '');
    this.outcomes.push({ status, ms: performance.now() - at, at, servedBy });
    const isStored = status >= 200 && status < 300;
    const isDropped = status >= 400 && status < 500 && status !== 429;
    if (isStored) this.acknowledged.push(...batch);
    if (isDropped) this.dropped += batch.length;
    if (isStored || isDropped) this.#kept = this.#kept.slice(batch.length);
  }
}
