import type { Database } from '../db/schema.ts';
import { keyOf, type WatchedField, watchFields } from './watched-field-store.ts';

/** What is watched here, and since when. */
export interface Watch {
  id: number;
  /** On performance.now()'s clock: it was watched by then. */
  since: number;
}

/** Rows are told this often that somebody still asks. */
const REFRESH_MS = 60_000;
/** What nobody asks for any more is forgotten. */
const IDLE_MS = 1_800_000;
/** Windows are asked for a little after they end. */
const LATE_MS = 60_000;

interface Known extends Watch {
  refreshedAt: number;
  askedAt: number;
  windowMs: number;
}

/** Has what is asked for watched. */
export class WatchList {
  #db: Database;
  #known = new Map<string, Known>();
  #byId = new Map<number, Known>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** @returns for each of the fields; undefined where too much is watched already */
  async ask(fields: WatchedField[], windowMs: number): Promise<(Watch | undefined)[]> {
    const now = performance.now();
    const stale = fields.filter(
      (field) => now - (this.#known.get(keyOf(field))?.refreshedAt ?? -REFRESH_MS) >= REFRESH_MS,
    );
    if (stale.length > 0) {
      const found = await watchFields(this.#db, [...new Map(stale.map((field) => [keyOf(field), field])).values()]);
      for (const [key, { id, ageMs }] of found) {
        const before = this.#known.get(key);
        const since = before?.id === id ? before.since : performance.now() - ageMs;
        this.#remember(key, { id, since, windowMs: before?.windowMs ?? 0, refreshedAt: now, askedAt: now });
      }
    }
    return fields.map((field) => {
      const known = this.#known.get(keyOf(field));
      if (!known) return undefined;
      known.askedAt = now;
      known.windowMs = Math.max(known.windowMs, windowMs);
      return known;
    });
  }

  #remember(key: string, known: Known): void {
    const before = this.#known.get(key);
    if (before && before.id !== known.id) this.#byId.delete(before.id);
    this.#known.set(key, known);
    this.#byId.set(known.id, known);
    for (const [name, one] of this.#known)
      if (known.askedAt - one.askedAt > IDLE_MS) {
        this.#known.delete(name);
        this.#byId.delete(one.id);
      }
  }

  /** For how long its values are of use; undefined when nobody asks for it. */
  keptMs(id: number): number | undefined {
    const known = this.#byId.get(id);
    return known && known.windowMs + LATE_MS;
  }
}
