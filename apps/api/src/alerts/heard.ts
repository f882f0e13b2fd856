/** Milliseconds since 1970. */
export interface Span {
  from: number;
  to: number;
}

/** After an absence, robots get this long to report again, or as long as the rule waits, if that is shorter. */
const RETURN_MS = 300_000;

/**
 * Since when a robot must have been heard, so that the server has been listening in vain for as long as `afterMs` when it was
 * not. Time during which nobody listened does not count.
 * @param absences in any order; they may overlap
 * @returns undefined when everybody may still be about to report, after an absence
 */
export function listeningSince(now: number, afterMs: number, absences: Span[]): number | undefined {
  const past = absences.filter(({ to, from }) => to > from && from < now).sort((a, b) => b.to - a.to);
  const lastReturn = past[0]?.to;
  if (lastReturn !== undefined && now - lastReturn < Math.min(afterMs, RETURN_MS)) return undefined;
  let [since, left] = [now, afterMs];
  for (const { from, to } of past) {
    const listened = Math.max(0, since - to);
    if (listened >= left) break;
    left -= listened;
    since = Math.min(since, from);
  }
  return since - left;
}
