const KEY = 'robowatch.refresh-lease';
const LEASE_MS = 3_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `work` in one tab at a time. Web Locks end with their page though its request goes on, and exist on HTTPS and
 * localhost only: a lease in localStorage covers both.
 */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(KEY, () => withLease(work, 0)) : withLease(work, 40);
}

/** @param settleMs wait for a tab that wrote at the same moment: the last to write wins */
async function withLease<T>(work: () => Promise<T>, settleMs: number): Promise<T> {
  const owner = String(Math.random());
  for (;;) {
    const [, until = 0] = lease();
    if (Number(until) < Date.now()) {
      localStorage.setItem(KEY, `${owner} ${Date.now() + LEASE_MS}`);
      if (settleMs > 0) await pause(settleMs);
      if (lease()[0] === owner) break;
    }
    await pause(30 + Math.random() * 30);
  }
  try {
    return await work();
  } finally {
    if (lease()[0] === owner) localStorage.removeItem(KEY);
  }
}

const lease = () => (localStorage.getItem(KEY) ?? '').split(' ');
