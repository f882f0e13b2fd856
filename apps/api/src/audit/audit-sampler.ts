import { LRUCache } from 'lru-cache';
import type { Db } from '../db/schema.ts';
import { siteOf } from '../http/address.ts';
import { type Actor, type AuditEntry, audit } from './audit-store.ts';

const PAUSE_MS = 60_000;
/** What is known to be one robot's doing goes on until somebody sees to it: its page tells, too. */
const PAUSE_OF_TARGET_MS = 3_600_000;
/** Of one action in a minute, of all who are not signed in together, and of all who are. */
const MAX_A_MINUTE = 30;

/**
 * For what anybody can make happen as often as they like: the first from each place is written down, then one a minute
 * with how many there were; of a target that is named one an hour. Each process counts on its own.
 */
export class AuditSampler {
  #places = new LRUCache<string, { since: number; times: number }>({ max: 10_000 });
  #minutes = new Map<string, { since: number; written: number }>();

  async audit(db: Db, actor: Actor, entry: AuditEntry): Promise<void> {
    const kind = `${entry.action} ${actor.id === null ? 'unknown' : 'known'}`;
    const { target } = entry;
    const place = target ? `${target.kind} ${target.id}` : (actor.id ?? siteOf(actor.address ?? ''));
    const times = this.#take(`${kind} ${place}`, kind, target ? PAUSE_OF_TARGET_MS : PAUSE_MS);
    if (times > 0) await audit(db, actor, { ...entry, details: { ...entry.details, ...(times > 1 && { times }) } });
  }

  /** @returns how many the entry stands for; 0: do not write */
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
