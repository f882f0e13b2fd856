import type { RecentWindows } from '../arrivals/index.ts';
import type { AlertNews, queueNews } from '../channels/index.ts';
import type { Database } from '../db/schema.ts';
import { inSlices } from '../scheduling/slices.ts';
import type { MetricsStore } from '../stores/index.ts';
import { listAbsences, noteAbsence } from './absence-store.ts';
import { listOpen } from './alert-store.ts';
import { apply, Superseded } from './apply.ts';
import { FLAPPING } from './decide.ts';
import { readFleet, type WatchedRobot } from './fleet-store.ts';
import { observe } from './observe.ts';
import { listWatched, type WatchedRule } from './rule-store.ts';
import { robotsOf } from './scope.ts';
import { listAdmins, listAllSilences } from './silence-store.ts';
import { silencer } from './silenced.ts';
import { transitionsOf } from './transitions.ts';
import { beginRound, endRound, noteUnknown } from './watch-store.ts';

export interface EvaluationDeps {
  db: Database;
  store: MetricsStore;
  recent: RecentWindows;
  queueNews: typeof queueNews;
  note(result: EvaluationResult): void;
}

export interface EvaluationResult {
  seconds: number;
  rules: number;
  /** Robots judged, once for each rule. */
  judged: number;
  /** Reads that failed. */
  failures: number;
  news: Record<AlertNews['what'], number>;
}

/** How often the job runs. */
export const EVERY_MS = 10_000;
/** Between two evaluations, after which nobody is said to have watched meanwhile. */
const GAP_MS = 60_000;
/** A window is looked at this many times while it passes. */
const LOOKS = 60;

/** Long windows change slowly, and cost much to read. */
function isDue({ condition }: WatchedRule, now: number, before: number): boolean {
  const seconds =
    condition.kind === 'disk_full_in'
      ? 600 * LOOKS
      : 'window_s' in condition
        ? condition.window_s
        : condition.kind === 'no_data'
          ? condition.after_s
          : 0;
  const every = Math.max(EVERY_MS, (seconds * 1000) / LOOKS);
  return every <= EVERY_MS || Math.floor(now / every) !== Math.floor(before / every);
}

function* watching(rules: WatchedRule[], fleet: WatchedRobot[]) {
  const watches: (WatchedRule & { robots: WatchedRobot[] })[] = [];
  for (const rule of rules) {
    watches.push({ ...rule, robots: robotsOf(rule, fleet) });
    yield;
  }
  return watches;
}

/**
 * Judges every rule's robots, and writes what has changed. Safe to run in several processes at once: only the latest one to begin
 * changes anything. @param now ms since 1970
 */
export async function evaluate(deps: EvaluationDeps, signal: AbortSignal, now = Date.now()): Promise<EvaluationResult> {
  const { db, store, recent } = deps;
  const started = performance.now();
  const round = await beginRound(db);
  const before = round.evaluatedAt?.getTime();
  const hadGap = before === undefined || now - before > GAP_MS;
  const watchedSince = hadGap || !round.watchedSince ? now : round.watchedSince.getTime();
  // While nothing was evaluated, perhaps nobody was listening either.
  if (before !== undefined && hadGap) await noteAbsence(db, { from: before, to: now });

  const all = await listWatched(db);
  const [fleet, open] = [
    all.length > 0 ? await readFleet(db) : [],
    await listOpen(db, new Date(now - FLAPPING.withinMs)),
  ];
  const watches = await inSlices(watching(all, fleet));
  const due = watches.filter((rule) => before === undefined || hadGap || isDue(rule, now, before));
  const errors: unknown[] = [];
  const look = { db, store, recent, now, absences: await listAbsences(db), signal };
  const observed = await observe(look, due, (error) => errors.push(error));

  const isSilenced = silencer(await listAllSilences(db), await listAdmins(db), now);
  const judging = transitionsOf(watches, {
    ...{ now, watchedSince, observed, open, isSilenced, gapMs: GAP_MS },
    isWholeMinute: before === undefined || Math.floor(now / 60_000) !== Math.floor(before / 60_000),
  });
  const transitions = await inSlices(judging);
  const unknown = [...observed].filter(([, answer]) => answer === 'unknown').map(([id]) => id);
  const result: EvaluationResult = {
    ...{ seconds: 0, rules: all.length, failures: errors.length },
    judged: due.reduce((sum, { robots }) => sum + robots.length, 0),
    news: { firing: 0, resolved: 0, reminder: 0 },
  };
  try {
    signal.throwIfAborted();
    await apply(deps, round.number, transitions, result.news);
    if (unknown.length > 0) await noteUnknown(db, unknown, new Date(now), GAP_MS / 1000);
    const tookS = (performance.now() - started) / 1000;
    await endRound(db, round.number, { now: new Date(now), watchedSince: new Date(watchedSince), tookS });
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
  }
  result.seconds = (performance.now() - started) / 1000;
  deps.note(result);
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} reads for alert rules failed: ${errors[0]}`);
  return result;
}
