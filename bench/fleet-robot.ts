import type { Way } from './fleet-connection.ts';

export interface Answer {
  /** 0 if the connection broke. */
  status: number;
  ms: number;
  at: number;
  lines: number;
}

export interface Bodies {
  /** What a robot has collected in its last `flushes` intervals, gzipped. */
  get(robot: number, flushes: number): Buffer;
}

/** What is collected in an interval. */
const LINES = 15;
/** Intervals in one request: Telegraf's metric_batch_size is 1,000. */
const MAX_TOGETHER = 66;
/** What the agent keeps in memory. */
const MAX_BACKLOG = 200;

/** A robot like Telegraf's outputs.http: what did not get 2xx is sent again at the next flush, together with newer data. */
export class FleetRobot {
  #way: Way;
  #head: string;
  #bodies: Bodies;
  #number: number;
  #waiting = 0;
  #busy = false;
  /** Until when it has no network, as performance.now(). */
  offlineUntil = 0;

  constructor(way: Way, token: string, bodies: Bodies, number: number) {
    this.#way = way;
    this.#bodies = bodies;
    this.#number = number;
    this.#head = [
      'POST /api/metrics HTTP/1.1',
      'Host: bench',
      `Authorization: Bearer ${token}`,
      'Content-Encoding: gzip',
      'Content-Length: ',
    ].join('\r\n');
  }

  /** @param collected since the last flush, in intervals */
  async flush(collected: number, onAnswer: (answer: Answer) => void): Promise<void> {
    this.#waiting = Math.min(MAX_BACKLOG, this.#waiting + collected);
    const started = performance.now();
    if (this.#busy) return;
    if (this.offlineUntil > started) return this.#way.close();
    this.#busy = true;
    for (let sent = true; this.#waiting > 0 && sent; ) sent = await this.#send(onAnswer);
    this.#busy = false;
  }

  /** @returns whether it was taken */
  async #send(onAnswer: (answer: Answer) => void): Promise<boolean> {
    const flushes = Math.min(this.#waiting, MAX_TOGETHER);
    const body = this.#bodies.get(this.#number, flushes);
    const at = performance.now();
    const status = await this.#way.send(`${this.#head}${body.length}\r\n\r\n`, body);
    onAnswer({ status, ms: performance.now() - at, at, lines: flushes * LINES });
    // Telegraf drops what is refused for good.
    const isDone = status === 204 || status === 400 || status === 422;
    if (isDone) this.#waiting -= flushes;
    return isDone;
  }

  close(): void {
    this.#way.close();
  }
}
