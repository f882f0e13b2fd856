import { update } from 'idb-keyval';

const REFRESH = 'robowatch.refresh-lease';
const LEASE_MS = 3_000;
/** Lease of a long-running task: renewed in time, and free soon after its tab has crashed. */
const HELD_MS = 5_000;
const RENEW_MS = 1_500;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Lease {
  owner: string;
  /** ms since 1970 */
  until: number;
}

/**
 * Runs `work` in one tab at a time. A Web Lock ends with its page although the page's request continues, and exists only
 * on HTTPS and localhost. A lease in IndexedDB, whose transactions are serialised across tabs, covers both.
 */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(REFRESH, () => withLease(work)) : withLease(work);
}

async function withLease<T>(work: () => Promise<T>): Promise<T> {
  const owner = String(Math.random());
  while (!(await take(REFRESH, owner, LEASE_MS))) await pause(30 + Math.random() * 30);
  try {
    return await work();
  } finally {
    void giveBack(REFRESH, owner);
  }
}

/**
 * Runs `work` in one of the tabs that want it, and in another when that tab closes or stops wanting it. `work` runs until
 * its signal aborts.
 */
export async function whileAlone(name: string, wanted: AbortSignal, work: (signal: AbortSignal) => Promise<void>) {
  if (!navigator.locks) return whileLeased(name, wanted, work);
  await navigator.locks
    .request(name, { signal: wanted }, () => work(wanted))
    .catch((error) => {
      if (!wanted.aborted) throw error;
    });
}

async function whileLeased(name: string, wanted: AbortSignal, work: (signal: AbortSignal) => Promise<void>) {
  const owner = String(Math.random());
  while (!wanted.aborted) {
    if (!(await take(name, owner, HELD_MS))) {
      await pause(RENEW_MS * (0.5 + Math.random()));
      continue;
    }
    const lost = new AbortController();
    const renewal = setInterval(async () => (await take(name, owner, HELD_MS)) || lost.abort(), RENEW_MS);
    try {
      await work(AbortSignal.any([wanted, lost.signal]));
    } finally {
      clearInterval(renewal);
      void giveBack(name, owner);
    }
  }
}

/** Checked and taken in one transaction. Without storage there is no other tab to share it with, so it counts as taken. */
async function take(name: string, owner: string, forMs: number): Promise<boolean> {
  let isOurs = false;
  try {
    await update<Lease>(name, (held) => {
      isOurs = !held || held.until <= Date.now() || held.owner === owner;
      return isOurs || !held ? { owner, until: Date.now() + forMs } : held;
    });
    return isOurs;
  } catch {
    return true;
  }
}

async function giveBack(name: string, owner: string): Promise<void> {
  try {
    await update<Lease>(name, (held) => (held && held.owner !== owner ? held : { owner, until: 0 }));
  } catch {
    // The lease expires anyway.
  }
}
