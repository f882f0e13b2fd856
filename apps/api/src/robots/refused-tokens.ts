import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { AuditSampler } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { findHolders } from './credential-store.ts';
import { noteFormerTokens } from './robot-store.ts';

const PAUSE_MS = 1000;
/** Tokens looked up at a time; more than these in a second are those of nobody. */
const MAX_WAITING = 1000;
const NOTED_MS = 10_000;

/**
 * Reports that were refused for their token: the owner is told that a replaced one is still being used, the audit log of
 * whose it was, or from where. One look-up a second, however many are refused.
 */
export class RefusedTokens {
  #db: Database;
  #log: Logger;
  #sampler: AuditSampler;
  /** Where each came from, by hash. */
  #waiting = new Map<string, string>();
  /** Hashes of robots' tokens that were noted a moment ago. */
  #noted = new LRUCache<string, true>({ max: 10_000, ttl: NOTED_MS });
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> | undefined;

  constructor(db: Database, log: Logger, sampler: AuditSampler) {
    this.#db = db;
    this.#log = log;
    this.#sampler = sampler;
  }

  /** The token that `hash` is of has just been refused. */
  add(hash: string, address: string): void {
    if (this.#waiting.size >= MAX_WAITING || this.#noted.has(hash)) return;
    this.#waiting.set(hash, address);
    this.#begin();
  }

  #begin(): void {
    if (this.#noting || this.#waiting.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const refused = [...this.#waiting];
      this.#waiting.clear();
      this.#noting = this.#note(refused)
        .catch((err) => this.#log.error({ err }, 'refused tokens not noted'))
        .finally(() => {
          this.#noting = undefined;
          this.#begin();
        });
    }, PAUSE_MS).unref();
  }

  async #note(refused: [hash: string, address: string][]): Promise<void> {
    const holders = await findHolders(
      this.#db,
      refused.map(([hash]) => hash),
    );
    await noteFormerTokens(this.#db, [...holders.keys()]);
    for (const [hash, address] of refused) {
      const robot = holders.get(hash);
      if (robot) this.#noted.set(hash, true);
      const actor = { kind: 'robot' as const, id: null, name: null, address, requestId: null };
      const target = robot && { kind: 'robot' as const, ...robot };
      await this.#sampler.audit(this.#db, actor, { action: 'robot.token_refused', target });
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    await this.#noting;
  }
}
