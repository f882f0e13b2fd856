import type { Database } from '../db/schema.ts';
import { inSlices } from '../scheduling/slices.ts';
import { encodeArrivals, type RobotArrivals } from './arrival-body.ts';
import { insertArrivals } from './arrival-store.ts';
import { extracting, type StoredReport } from './extract-arrivals.ts';
import { listWatchedFields, versionOfWatched } from './watched-field-store.ts';
import { WatchedFields } from './watched-fields.ts';

/** Robots in one row. */
const AT_ONCE = 500;

/** How well a replica knows what is watched. */
export interface Freshness {
  /** It is looked at again after this time. */
  refreshMs: number;
  /** Nothing is recorded by an older list. */
  staleMs: number;
}

/** After this time, all replicas know that something is watched. */
export const STALE_MS = 15_000;
export const USUAL: Freshness = { refreshMs: 5_000, staleMs: STALE_MS };

/** Notes the values that somebody watches, of reports that are stored, before they are acknowledged. */
export class ArrivalRecorder {
  #db: Database;
  #freshness: Freshness;
  #watched = new WatchedFields();
  #version = '';
  #knownAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(db: Database, freshness = USUAL) {
    this.#db = db;
    this.#freshness = freshness;
  }

  /** Costs next to nothing for lines of which nothing is watched. */
  async record(reports: StoredReport[]): Promise<void> {
    await this.#know();
    if (this.#watched.isEmpty) return;
    const found = await inSlices(extracting(reports, this.#watched, Date.now()));
    if (found.length > 0) await insertArrivals(this.#db, bodiesOf(found));
  }

  async #know(): Promise<void> {
    const { refreshMs, staleMs } = this.#freshness;
    const now = performance.now();
    // Meanwhile what is known is good enough. Whoever waits for it sees its failure.
    if (now - this.#knownAt >= refreshMs) this.#refreshOnce().catch(() => {});
    while (now - this.#knownAt > staleMs) await this.#refreshOnce();
  }

  #refreshOnce(): Promise<void> {
    this.#refreshing ??= this.refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Looks at what is watched now. */
  async refresh(): Promise<void> {
    const asked = performance.now();
    const version = await versionOfWatched(this.#db);
    if (version !== this.#version) this.#watched.replace(await listWatchedFields(this.#db));
    this.#version = version;
    this.#knownAt = asked;
  }
}

function bodiesOf(found: RobotArrivals[]): string[] {
  const bodies: string[] = [];
  for (let i = 0; i < found.length; i += AT_ONCE) bodies.push(encodeArrivals(found.slice(i, i + AT_ONCE)));
  return bodies;
}
