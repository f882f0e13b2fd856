import type { AlertValue } from '../db/schema.ts';

/** What a look at one robot tells about one condition. */
export type Observation =
  /** `holds`: it is as the rule fears; `isClear`: it is well again, past the hysteresis. Never both. */
  | { kind: 'seen'; holds: boolean; isClear: boolean; value: AlertValue }
  /** Nothing has been heard of it: neither good nor bad. */
  | { kind: 'quiet' };

/** An open alert, as far as deciding needs it. Times are milliseconds since 1970. */
export interface Open {
  state: 'pending' | 'firing';
  value: AlertValue;
  /** From when on the condition held. */
  since: number;
  /** From when on a firing one has been clear. */
  clearSince: number | null;
  /** From when on nothing has been heard of it. */
  quietSince: number | null;
}

export interface Terms {
  forMs: number;
  resolveForMs: number;
}

export interface Moment {
  now: number;
  /** From when on the rule has been evaluated without a gap. */
  watchedSince: number;
  /** How often it has fired within the last hour, this time included. */
  firings: number;
}

export type Next = { to: 'none' } | { to: 'resolved' } | ({ to: 'pending' | 'firing' } & Omit<Open, 'state'>);

/** A pending alert survives this much silence: reports come in intervals. */
export const PATIENCE_MS = 60_000;
/** An alert that fires again and again within an hour resolves only once it has been clear for long. */
export const FLAPPING = { firings: 3, withinMs: 3_600_000, resolveForMs: 900_000 };

/**
 * What becomes of an alert. Times during which nobody looked prove nothing: both delays count from when the watch began at the
 * earliest.
 */
export function decide(
  { forMs, resolveForMs }: Terms,
  before: Open | undefined,
  seen: Observation,
  { now, watchedSince, firings }: Moment,
): Next {
  const lasted = (since: number) => now - Math.max(since, watchedSince);
  if (seen.kind === 'quiet') return silent(before, now);
  if (!before) {
    if (!seen.holds) return { to: 'none' };
    const to = forMs === 0 ? 'firing' : 'pending';
    return { to, value: seen.value, since: now, clearSince: null, quietSince: null };
  }
  const goesOn = { value: seen.value, since: before.since, clearSince: null, quietSince: null };
  if (before.state === 'pending') {
    if (!seen.holds) return { to: 'none' };
    return { to: lasted(before.since) >= forMs ? 'firing' : 'pending', ...goesOn };
  }
  if (!seen.isClear) return { to: 'firing', ...goesOn };
  const clearSince = before.clearSince ?? now;
  const needed = firings >= FLAPPING.firings ? Math.max(resolveForMs, FLAPPING.resolveForMs) : resolveForMs;
  if (lasted(clearSince) >= needed) return { to: 'resolved' };
  // The value that is shown is the one it fires for.
  return { to: 'firing', ...goesOn, value: before.value, clearSince };
}

function silent(before: Open | undefined, now: number): Next {
  if (!before) return { to: 'none' };
  const { state, ...rest } = before;
  const quietSince = before.quietSince ?? now;
  if (state === 'pending' && now - quietSince > PATIENCE_MS) return { to: 'none' };
  return { to: state, ...rest, clearSince: null, quietSince };
}
