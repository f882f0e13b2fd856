import { LRUCache } from 'lru-cache';
import { upTo } from '../caches/up-to.ts';
import type { Db } from '../db/schema.ts';
import { siteOf } from '../http/address.ts';
import { type Actor, type AuditEntry, audit } from './audit-store.ts';

const PAUSE_MS = 60_000;
/** Longer for a known robot: it repeats until somebody fixes it, and the robot's page shows it as well. */
const PAUSE_OF_TARGET_MS = 3_600_000;
/** Entries per action and minute, counted separately for anonymous and for known actors. */
const MAX_A_MINUTE = 30;

/**
 * Samples events that anybody can trigger without limit. Audits the first from each place, then one a minute with the
 * number of events it stands for; for a known target, one an hour. Each process counts on its own.
 */
export class AuditSampler {
  #places = new LRUCache<string, { since: number; times: number }>(upTo(10_000));
  #minutes = new Map<string, { since: number; written: number }>();

  async audit(db: Db, actor: Actor, entry: AuditEntry): Promise<void> {
    const kind = `${entry.action} ${actor.id === null ? 'unknown' : 'known'}`;
    const { target } = entry;
    const place = target ? `${target.kind} ${target.id}` : (actor.id ?? siteOf(actor.address ?? ''));
    const times = this.#take(`${kind} ${place}`, kind, target ? PAUSE_OF_TARGET_MS : PAUSE_MS);
    if (times > 0) await audit(db, actor, { ...entry, details: { ...entry.details, ...(times > 1 && { times }) } });
  }

  /** @returns the number of events the entry stands for; 0 means no entry */
  #take(place: string, kind: string, pauseMs: number): number {
    const now = Date.now();
    const before = this.#places.get(place);
    const times = (before?.times ?? 0) + 1;
    if ((before && now - before.since < pauseMs) || !this.#hasRoom(kind, now)) {
      this.#places.set(place, { since: before?.since ?? 0, times });
      return 0;
    }
    this.#places.set(place, { since: now, times: 0 });
    return times;
  }

  #hasRoom(kind: string, now: number): boolean {
    const minute = this.#minutes.get(kind);
    if (!minute || now - minute.since >= 60_000) {
      this.#minutes.set(kind, { since: now, written: 1 });
      return true;
    }
    return minute.written++ < MAX_A_MINUTE;
  }
}
