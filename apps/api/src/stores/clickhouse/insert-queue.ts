import { setTimeout as sleep } from 'node:timers/promises';

/** Rows of the two tables, encoded. */
export interface Rows {
  points: Buffer;
  logs: Buffer;
}

/** Sends rows to the engine. */
export type Insert = (rows: Rows, signal: AbortSignal) => Promise<void>;

/** Between the beginnings of two inserts: each makes a part on the disk, and parts have to be merged. */
const PAUSE_MS = 500;
/** Longer than robots wait. */
const TIMEOUT_MS = 10_000;

interface Waiting {
  rows: Rows;
  resolve(): void;
  reject(error: unknown): void;
}

/** Joins what is written at the same time into one insert: the engine wants few and large ones. */
export class InsertQueue {
  #insert: Insert;
  #pauseMs: number;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(insert: Insert, pauseMs = PAUSE_MS) {
    this.#insert = insert;
    this.#pauseMs = pauseMs;
  }

  /** Resolves when the rows are stored. */
  add(rows: Rows): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ rows, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const began = performance.now();
      const together = this.#waiting;
      this.#waiting = [];
      await this.#send(together);
      await sleep(Math.max(0, this.#pauseMs - (performance.now() - began)));
    }
    this.#isRunning = false;
  }

  async #send(together: Waiting[]): Promise<void> {
    const of = (table: keyof Rows) => Buffer.concat(together.map(({ rows }) => rows[table]));
    try {
      await this.#insert({ points: of('points'), logs: of('logs') }, AbortSignal.timeout(TIMEOUT_MS));
      for (const { resolve } of together) resolve();
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }
}
