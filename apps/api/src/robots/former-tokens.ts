import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Database } from '../db/schema.ts';
import { noteFormerTokens } from './robot-store.ts';

const PAUSE_MS = 1000;
/** Tokens looked up at a time; more than these in a second are those of nobody. */
const MAX_WAITING = 1000;
const KNOWN_MS = 30_000;

/** Notes for the owner that a replaced token is still being used: one query a second, however many are refused. */
export class FormerTokens {
  #db: Database;
  #log: Logger;
  #waiting = new Set<string>();
  #lately = new LRUCache<string, true>({ max: 10_000, ttl: KNOWN_MS });
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> | undefined;

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** The token that `hash` is of has just been refused. */
  refused(hash: string): void {
    if (this.#waiting.size >= MAX_WAITING || this.#lately.has(hash)) return;
    this.#lately.set(hash, true);
    this.#waiting.add(hash);
    if (!this.#noting) this.#timer ??= setTimeout(() => this.#begin(), PAUSE_MS).unref();
  }

  #begin(): void {
    this.#timer = undefined;
    const hashes = [...this.#waiting];
    this.#waiting.clear();
    this.#noting = noteFormerTokens(this.#db, hashes)
      .catch((err) => this.#log.error({ err }, 'use of a replaced token not noted'))
      .finally(() => {
        this.#noting = undefined;
        if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#begin(), PAUSE_MS).unref();
      });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    await this.#noting;
  }
}
