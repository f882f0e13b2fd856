import type { Db } from '../db/schema.ts';
import { newestArrival } from './arrival-store.ts';

/** What had been given out at that time. */
interface Mark {
  /** Milliseconds since the process began. */
  at: number;
  row: string;
  /** Transactions from this one on had not begun. */
  next: bigint;
}

/** A row has its number a moment before its transaction has one. */
const MOMENT_MS = 5_000;
/** While a transaction stays open for longer than these span, rows are looked at again. */
const MARKS = 100;

/** Knows up to which number all rows of `arrivals` that there will ever be are visible. */
export class SettledRows {
  #marks: Mark[] = [];
  #momentMs: number;

  constructor(momentMs = MOMENT_MS) {
    this.#momentMs = momentMs;
  }

  /** @returns for reads that begin after it was called; 0 while that is not known */
  async settled(db: Db): Promise<string> {
    const { row, oldest, next } = await newestArrival(db);
    const at = performance.now();
    const settled = this.#marks.findLastIndex((mark) => at - mark.at >= this.#momentMs && mark.next <= oldest);
    // Those before it are of no use any more.
    this.#marks.splice(0, Math.max(settled, this.#marks.length - MARKS));
    this.#marks.push({ at, row, next });
    return settled < 0 ? '0' : (this.#marks[0] as Mark).row;
  }

  /** After the table was emptied its numbers begin anew. */
  forget(): void {
    this.#marks = [];
  }
}
