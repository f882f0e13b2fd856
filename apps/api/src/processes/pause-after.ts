const FIRST_MS = 200;
const LONGEST_MS = 30_000;
/** Who has run for so long did not end by how it was started. */
const SETTLED_MS = 60_000;

/**
 * How long to wait before a process is started again: nothing to speak of at first, and twice as long after each that ended
 * early. @param ranMs how long it ran @param failures that came before, one after the other
 */
export function pauseAfter(ranMs: number, failures: number): { ms: number; failures: number } {
  const before = ranMs >= SETTLED_MS ? 0 : failures;
  return { ms: Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(before, 20)), failures: before + 1 };
}
