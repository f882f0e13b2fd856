/** Longer windows are read from the metrics store. */
export const LONGEST_MS = 900_000;
/** Points of clocks that are ahead come before their time. Robots whose clock is more so are judged by the metrics store. */
export const AHEAD_MS = 600_000;
/** Arrivals are kept for so long, for replicas that begin to evaluate. */
export const KEPT_MS = LONGEST_MS + AHEAD_MS + 60_000;
