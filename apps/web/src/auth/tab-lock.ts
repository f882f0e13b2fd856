import { update } from 'idb-keyval';

const KEY = 'robowatch.refresh-lease';
const LEASE_MS = 3_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Lease {
  owner: string;
  /** ms since 1970 */
  until: number;
}

/**
 * Runs `work` in one tab at a time. Web Locks end with their page though its request goes on, and exist on HTTPS and
 * localhost only: a lease in IndexedDB, whose transactions take turns across tabs, covers both.
 */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(KEY, () => withLease(work)) : withLease(work);
}

async function withLease<T>(work: () => Promise<T>): Promise<T> {
  const owner = String(Math.random());
  while (!(await take(owner))) await pause(30 + Math.random() * 30);
  try {
    return await work();
  } finally {
    void giveBack(owner);
  }
}

/** Looked at and taken in one transaction. A browser that keeps nothing has no other tab to share it with either. */
async function take(owner: string): Promise<boolean> {
  let isOurs = false;
  try {
    await update<Lease>(KEY, (held) => {
      if (held && held.until > Date.now()) return held;
      isOurs = true;
      return { owner, until: Date.now() + LEASE_MS };
    });
    return isOurs;
  } catch {
    return true;
  }
}

async function giveBack(owner: string): Promise<void> {
  try {
    await update<Lease>(KEY, (held) => (held && held.owner !== owner ? held : { owner, until: 0 }));
  } catch {
    // It runs out by itself.
  }
}
