import type { Database } from '../db/schema.ts';
import { inSlices } from '../scheduling/slices.ts';
import { decodeArrivals } from './arrival-body.ts';
import { STALE_MS } from './arrival-recorder.ts';
import { epochOfArrivals, readArrivals } from './arrival-store.ts';
import { HeldValues } from './held-values.ts';
import { SettledRows } from './settled-rows.ts';
import { AHEAD_MS, KEPT_MS } from './spans.ts';
import type { Watch } from './watch-list.ts';

/** Between two times that what is not wanted any more is forgotten. */
const TRIM_MS = 30_000;
/** Whoever has read nothing for so long begins anew: meanwhile rows may have come and gone. */
const REST_MS = KEPT_MS / 2;

/** Follows what arrives at all replicas. */
export class HeldArrivals {
  #db: Database;
  #settledRows: SettledRows;
  #makeValues: () => HeldValues;
  #values: HeldValues;
  #epoch = '';
  /** On performance.now()'s clock: all that has arrived since is held. */
  #since = 0;
  #settled = '0';
  /** Rows after those that are settled. */
  #seen = new Set<string>();
  #trimmedAt = 0;
  #readAt = 0;

  constructor(db: Database, settledRows = new SettledRows(), makeValues = () => new HeldValues()) {
    this.#db = db;
    this.#settledRows = settledRows;
    this.#makeValues = makeValues;
    this.#values = makeValues();
  }

  get values(): HeldValues {
    return this.#values;
  }

  /**
   * Whether all values of the time and later are held, also those of clocks that are ahead.
   * @param from milliseconds since 1970
   */
  isComplete({ since }: Watch, from: number): boolean {
    const ago = Date.now() - from;
    const wanted = performance.now() - ago - AHEAD_MS;
    return ago >= 0 && Math.max(since + STALE_MS, this.#since) <= wanted;
  }

  /** Reads what has arrived since the last time. @param keptMs for how long what is watched is of use; undefined: it is not any more */
  async catchUp(keptMs: (watched: number) => number | undefined): Promise<void> {
    await this.#begin();
    const settled = await this.#settledRows.settled(this.#db);
    for await (const { id, body } of readArrivals(this.#db, this.#settled, [...this.#seen])) {
      await inSlices(this.#adding(body));
      this.#seen.add(id);
    }
    this.#readAt = performance.now();
    if (settled !== '0') this.#settled = settled;
    for (const id of this.#seen) if (BigInt(id) <= BigInt(this.#settled)) this.#seen.delete(id);
    if (performance.now() - this.#trimmedAt > TRIM_MS) await this.#trim(keptMs);
  }

  /** After a crash of the database its table begins anew; and another replica may have evaluated meanwhile. */
  async #begin(): Promise<void> {
    const { epoch, ageMs } = await epochOfArrivals(this.#db);
    const hasRested = performance.now() - this.#readAt > REST_MS;
    if (epoch === this.#epoch && !hasRested) return;
    this.#epoch = epoch;
    this.#since = performance.now() - Math.min(ageMs, KEPT_MS);
    this.#values = this.#makeValues();
    this.#settledRows.forget();
    [this.#settled, this.#seen, this.#trimmedAt] = ['0', new Set(), performance.now()];
  }

  *#adding(body: string): Generator<void, void> {
    const now = performance.now();
    for (const robot of decodeArrivals(body)) {
      this.#values.add(robot, now);
      yield;
    }
  }

  async #trim(keptMs: (watched: number) => number | undefined): Promise<void> {
    this.#trimmedAt = performance.now();
    const now = Date.now();
    const since = (watched: number) => {
      const kept = keptMs(watched);
      return kept === undefined ? undefined : now - kept;
    };
    await inSlices(this.#values.trimming(since));
    this.#values.forgive(performance.now() - KEPT_MS);
  }
}
