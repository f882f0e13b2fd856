import type { Condition } from '../channels/index.ts';
import type { AlertValue } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Viewer } from '../robots/index.ts';
import type { SeriesDeps } from '../series/index.ts';
import { tooManyValues } from '../stores/index.ts';
import { checkTerms } from './check-terms.ts';
import { decide, type Open } from './decide.ts';
import { readFleet, type WatchedRobot } from './fleet-store.ts';
import { type PastLooks, readPast } from './past.ts';
import { withDefaults } from './rules.ts';
import type { PreviewBody } from './schemas.ts';
import { robotsOf } from './scope.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MAX_DAYS = 31;
/** Looks at one robot's past, and values of the whole answer: what a person may ask for at once. */
const MAX_LOOKS = 2_000;
const MAX_ROBOTS = 50;
const MAX_FIRINGS = 1_000;

export interface Firing {
  robot_id: number;
  from: Date;
  to: Date | null;
  peak: AlertValue;
}

/**
 * What the rule would have done, by the same decisions at times of the past. The first robots of its scope are looked at, up to 50.
 * @throws AppError validation_failed, not_found
 */
export async function preview(
  deps: SeriesDeps,
  viewer: Viewer,
  { from: _from, to: _to, ...given }: PreviewBody,
  range: { from: number; to: number },
  signal: AbortSignal,
) {
  const { db } = deps;
  const terms = withDefaults({ name: 'Preview', ...given });
  await checkTerms(db, viewer, terms);
  if (range.to - range.from > MAX_DAYS * DAY_MS)
    throw new AppError('validation_failed', `The range may span at most ${MAX_DAYS} days.`, {
      reason: 'range_too_long',
    });
  const { condition, scope } = terms;
  const everyMs = stepOf(condition, range);
  const scoped = { owner_id: viewer.id, owner_role: viewer.role, scope };
  const robots = robotsOf(scoped, await readFleet(db)).slice(0, MAX_ROBOTS);
  const firings: Firing[] = [];
  for (const robot of robots) {
    signal.throwIfAborted();
    const past = await readPast({ deps, signal, ...range, everyMs }, condition, robot.id);
    firings.push(
      ...replay(robot, past, condition, { forMs: terms.for_s * 1000, resolveForMs: terms.resolve_for_s * 1000 }),
    );
    if (firings.length > MAX_FIRINGS) throw tooManyValues();
  }
  const earlier = roughness(condition, everyMs);
  for (const firing of firings) {
    firing.from = new Date(firing.from.getTime() - earlier);
    if (firing.to) firing.to = new Date(firing.to.getTime() - earlier);
  }
  firings.sort((a, b) => a.from.getTime() - b.from.getTime() || a.robot_id - b.robot_id);
  return {
    ...{ from: new Date(range.from), to: new Date(range.to), every_s: everyMs / 1000, robots: robots.length },
    firings,
  };
}

/** Windows follow one another, at least as wide as the rule's. */
function stepOf(condition: Condition, { from, to }: { from: number; to: number }): number {
  const windowMs = 'window_s' in condition ? condition.window_s * 1000 : 60_000;
  const least = Math.max(windowMs, (to - from) / MAX_LOOKS);
  // Windows of five minutes and of hours are summed up already.
  const unit = least > HOUR_MS ? HOUR_MS : least > 300_000 ? 300_000 : 60_000;
  return Math.ceil(least / unit) * unit;
}

/** By how much a window that is longer than the rule's ends later than the rule's would have, milliseconds. */
const roughness = (condition: Condition, everyMs: number): number =>
  'window_s' in condition ? Math.max(0, everyMs - condition.window_s * 1000) : 0;

function replay(
  robot: WatchedRobot,
  looks: PastLooks,
  condition: Condition,
  terms: { forMs: number; resolveForMs: number },
): Firing[] {
  const firings: Firing[] = [];
  let open: Open | undefined;
  let current: Firing | undefined;
  for (const { at, seen } of looks) {
    const lately = firings.filter(({ from }) => at - from.getTime() < 3_600_000).length;
    const next = decide(terms, open, seen, { now: at, watchedSince: 0, firings: lately });
    if (next.to === 'firing') {
      if (!current) {
        current = { robot_id: robot.id, from: new Date(at), to: null, peak: next.value };
        firings.push(current);
      }
      if (seen.kind === 'seen' && seen.holds) current.peak = worse(condition, current.peak, seen.value);
    } else if (current) {
      current.to = new Date(at);
      current = undefined;
    }
    open = next.to === 'pending' || next.to === 'firing' ? { ...next, state: next.to } : undefined;
  }
  return firings;
}

function worse(condition: Condition, peak: AlertValue, value: AlertValue): AlertValue {
  if (typeof peak !== 'number' || typeof value !== 'number') return peak;
  const isBelow = condition.kind === 'threshold' && condition.op.startsWith('<');
  return isBelow ? Math.min(peak, value) : Math.max(peak, value);
}
