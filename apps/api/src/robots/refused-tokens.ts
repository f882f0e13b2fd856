import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { AuditSampler } from '../audit/index.ts';
import { upTo } from '../caches/up-to.ts';
import type { Database } from '../db/schema.ts';
import { findHolders } from './credential-store.ts';
import { noteFormerTokens } from './robot-store.ts';

const PAUSE_MS = 1000;
/** Tokens per look-up. Any beyond this number in one second are ignored; so many cannot be real robots. */
const MAX_WAITING = 1000;
const NOTED_MS = 10_000;

/**
 * Tracks reports refused because of their token. Tells the owner when a replaced token is still in use, and audits the
 * robot it belongs to, or the sender's address. At most one look-up per second, however many are refused.
 */
export class RefusedTokens {
  #db: Database;
  #log: Logger;
  #sampler: AuditSampler;
  /** Sender's address by token hash. */
  #waiting = new Map<string, string>();
  /** Hashes of robots' tokens that were recorded recently. */
  #noted = new LRUCache<string, true>({ ...upTo(10_000), ttl: NOTED_MS });
  #timer: NodeJS.Timeout | undefined;
  #noting: Promise<void> | undefined;

  constructor(db: Database, log: Logger, sampler: AuditSampler) {
    this.#db = db;
    this.#log = log;
    this.#sampler = sampler;
  }

  /** Records that the token with this hash was refused. */
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
        .catch((err) => this.#log.error({ err }, 'could not record refused tokens'))
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
