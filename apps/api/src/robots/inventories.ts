import type { Database } from '../db/schema.ts';
import { type ReportedInventory, saveInventories } from './inventory-store.ts';

/** Arrays of this many rows are built within a few milliseconds. */
const ROWS_AT_ONCE = 500;

/**
 * Keeps what robots report of their computers, many robots in one statement. What cannot be written stays noted; no report
 * waits for it. By token, so that hardware that has just been replaced does not take the place of the newer one.
 */
export class Inventories {
  #db: Database;
  #noted = new Map<string, ReportedInventory>();

  constructor(db: Database) {
    this.#db = db;
  }

  note(reported: ReportedInventory): void {
    const before = this.#noted.get(reported.tokenHash);
    if (!before || before.at <= reported.at) this.#noted.set(reported.tokenHash, reported);
  }

  /** Meant to be called every few seconds. */
  async write(): Promise<void> {
    const noted = [...this.#noted.values()];
    for (let i = 0; i < noted.length; i += ROWS_AT_ONCE) {
      const some = noted.slice(i, i + ROWS_AT_ONCE);
      await saveInventories(this.#db, some);
      for (const one of some) if (this.#noted.get(one.tokenHash) === one) this.#noted.delete(one.tokenHash);
    }
  }
}
