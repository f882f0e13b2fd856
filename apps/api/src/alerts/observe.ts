import { LRUCache } from 'lru-cache';
import type { RecentWindows } from '../arrivals/index.ts';
import type { Condition } from '../channels/index.ts';
import type { Db } from '../db/schema.ts';
import { inSlices } from '../scheduling/slices.ts';
import type { MetricsStore, WindowAnswer, WindowFunction } from '../stores/index.ts';
import { compare } from './compare.ts';
import type { Observation } from './decide.ts';
import { daysToFull, knownToSend, type WatchedRobot } from './fleet-store.ts';
import { listeningSince, type Span } from './heard.ts';

/** A rule, as far as it decides what to look at. */
export interface Watch {
  id: number;
  owner_id: number;
  condition: Condition;
  robots: WatchedRobot[];
}

/** By robot, undefined where a robot cannot be judged now; `unknown` when what the rule needs could not be read. */
export type Observed = 'unknown' | ((robot: WatchedRobot) => Observation | undefined);

export interface Look {
  db: Db;
  store: MetricsStore;
  recent: RecentWindows;
  /** Milliseconds since 1970. */
  now: number;
  absences: Span[];
  signal: AbortSignal;
}

/** Agents send every ten seconds: sums and counts of a window are complete only a little later. */
const LAG_MS = 5_000;
const LAG_OF_SUMS_MS = 15_000;
const SUMS: readonly WindowFunction[] = ['sum', 'count', 'increase'];
/** What a fast clock dates in the future has come, too. */
const AHEAD_MS = 86_400_000;
/** A clock is right again when it is well within the limit. */
const CLEAR = 0.8;
const quiet: Observation = { kind: 'quiet' };
const seen = (holds: boolean, isClear: boolean, value: number | string | null): Observation => ({
  ...{ kind: 'seen', holds, isClear, value },
});

/**
 * Looks at what the rules are about, with one read of the store for each kind of window, however many rules and robots.
 * Whatever cannot be read is unknown, and does not keep the others from being judged.
 */
export async function observe(look: Look, watches: Watch[], onError: (error: unknown) => void) {
  const observed = new Map<number, Observed>();
  const withMany = ownersOfManyWindows(watches);
  const groups = [...Map.groupBy(watches, (watch) => groupOf(look, watch, withMany))];
  // Texts last: they cost the most, and nobody else shall wait for them.
  const inTurn = [false, true].flatMap((ofTexts) =>
    groups
      .filter(([, [one]]) => one && isOfTexts(one) === ofTexts)
      .sort(([a], [b]) => (lookedAt.get(a) ?? 0) - (lookedAt.get(b) ?? 0)),
  );
  const spent = new Map<number, number>();
  for (const [key, of] of inTurn) {
    look.signal.throwIfAborted();
    const owner = of[0]?.owner_id as number;
    const began = performance.now();
    try {
      if (of[0]?.condition.kind === 'threshold' && withMany.has(owner) && (spent.get(owner) ?? 0) > BUDGET_MS) {
        for (const { id } of of) observed.set(id, 'unknown');
        continue;
      }
      if (withMany.has(owner)) lookedAt.set(key, began);
      if (resting.has(key)) throw new TooDear(key);
      for (const [id, answer] of await READ[key.split(' ', 1)[0] as Group](look, of)) observed.set(id, answer);
    } catch (error) {
      for (const { id } of of) observed.set(id, 'unknown');
      if (error instanceof TooDear) continue;
      if (of[0] && isOfTexts(of[0]) && !look.signal.aborted) resting.set(key, true);
      onError(error);
    } finally {
      spent.set(owner, (spent.get(owner) ?? 0) + performance.now() - began);
    }
  }
  return observed;
}

/** Usual rules have two or three. */
const MANY_WINDOWS = 8;
/**
 * So much of an evaluation the windows of one person who has many may take: two hundred of a robot that sends very much have to be read
 * from the store, and must not make everybody else's wait. What was looked at longest ago comes first.
 */
const BUDGET_MS = 2_000;
/** By group, on performance.now()'s clock. */
const lookedAt = new LRUCache<string, number>({ max: 10_000, ttl: 600_000 });

function ownersOfManyWindows(watches: Watch[]): Set<number> {
  const windows = new Map<number, Set<number>>();
  for (const { owner_id, condition } of watches) {
    if (condition.kind !== 'threshold') continue;
    const own = windows.get(owner_id) ?? new Set();
    windows.set(owner_id, own.add(condition.window_s));
  }
  return new Set([...windows].filter(([, { size }]) => size > MANY_WINDOWS).map(([owner]) => owner));
}

const isOfTexts = ({ condition }: Watch) =>
  condition.kind === 'log' || (condition.kind === 'no_data' && condition.measurement === 'syslog');

/** One person's log rules took too long a moment ago. */
class TooDear extends Error {}
const REST_MS = 60_000;
/** For one person's texts of one window. */
const LOGS_MS = 10_000;
const patienceOf = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(LOGS_MS)]);
const resting = new LRUCache<string, true>({ max: 10_000, ttl: REST_MS });

type Group = 'robot' | 'window' | 'log' | 'data' | 'disk';
type Reading = (look: Look, watches: Watch[]) => Promise<[number, Observed][]>;

/** Watches of a group have their window in common; texts, and the windows of people who have many, are read for each person apart. */
function groupOf({ now, absences }: Look, { condition, owner_id }: Watch, withMany: Set<number>): string {
  if (condition.kind === 'threshold')
    return `window ${condition.window_s} ${SUMS.includes(condition.fn) ? LAG_OF_SUMS_MS : LAG_MS} ${withMany.has(owner_id) ? owner_id : ''}`;
  if (condition.kind === 'log') return `log ${owner_id} ${condition.window_s}`;
  if (condition.kind === 'no_data')
    return `data ${listeningSince(now, condition.after_s * 1000, absences)} ${condition.measurement === 'syslog' && owner_id}`;
  return condition.kind === 'disk_full_in' ? 'disk' : 'robot';
}

const READ: Record<Group, Reading> = {
  robot: async (look, watches) => watches.map((watch) => [watch.id, ofRobot(look, watch.condition)]),
  window: readWindows,
  log: readLogs,
  data: readPresence,
  disk: readDisks,
};

const idsOf = (watches: Watch[]) => [...new Set(watches.flatMap(({ robots }) => robots.map(({ id }) => id)))];
const of = <Kind extends Condition['kind']>({ condition }: Watch) => condition as Extract<Condition, { kind: Kind }>;

function ofRobot({ now, absences }: Look, condition: Condition): Exclude<Observed, 'unknown'> {
  if (condition.kind === 'status')
    return ({ status }) => seen(status === condition.status, status !== condition.status, status);
  if (condition.kind === 'token_copied') return ({ isCopied }) => seen(isCopied, !isCopied, null);
  if (condition.kind === 'clock_skew') {
    const limit = condition.above_s * 1000;
    return ({ skewMs }) =>
      skewMs === null
        ? quiet
        : seen(Math.abs(skewMs) > limit, Math.abs(skewMs) <= limit * CLEAR, Math.round(skewMs / 1000));
  }
  const afterMs = (condition as { after_s: number }).after_s * 1000;
  const since = listeningSince(now, afterMs, absences);
  if (since === undefined) return () => undefined;
  return ({ seenAt }) => (seenAt === null ? quiet : seen(seenAt < since, seenAt >= now - afterMs, null));
}

type Values = Map<number, (number | string | boolean)[]>;
/** So many are sorted without a pause. */
const AT_ONCE = 512;

/** Values by question and robot. */
function* byQuestion(questions: number, answers: WindowAnswer[]): Generator<void, Values[]> {
  const values = Array.from({ length: questions }, (): Values => new Map());
  for (const [i, { robotId, question, value }] of answers.entries()) {
    if (i % AT_ONCE === 0) yield;
    const byRobot = values[question];
    const known = byRobot?.get(robotId);
    if (known) known.push(value);
    else byRobot?.set(robotId, [value]);
  }
  return values;
}

/** Whose robots the rule is about; null when they are not all its owner's. */
const ownerOf = ({ owner_id, robots }: Watch) =>
  robots.every(({ ownerId }) => ownerId === owner_id) ? owner_id : null;

type Question = Parameters<RecentWindows['windows']>[0]['questions'][0];

async function readWindows({ recent, now, signal }: Look, watches: Watch[]): Promise<[number, Observed][]> {
  const first = of<'threshold'>(watches[0] as Watch);
  const to = now - (SUMS.includes(first.fn) ? LAG_OF_SUMS_MS : LAG_MS);
  const places = new Map<string, number>();
  const questions: Question[] = [];
  const place = (question: Question) => {
    const key = JSON.stringify([
      question.measurement,
      question.field,
      Object.entries(question.tags).sort(),
      question.fn,
      question.ownerId,
    ]);
    const known = places.get(key) ?? questions.push(question) - 1;
    places.set(key, known);
    return known;
  };
  const asked = watches.map((watch) => {
    const { measurement, field, tags = {}, fn, op } = of<'threshold'>(watch);
    const question = { measurement, field, tags, ownerId: ownerOf(watch) };
    return {
      watch,
      value: place({ ...question, fn }),
      changed: op === 'changed' && place({ ...question, fn: 'changed' }),
    };
  });
  const query = { robotIds: idsOf(watches), questions, from: to - first.window_s * 1000, to };
  const values = await inSlices(byQuestion(questions.length, await recent.windows(query, signal)));
  return asked.map(({ watch, value, changed }) => [
    watch.id,
    ({ id }) =>
      compare(
        of<'threshold'>(watch),
        values[value]?.get(id) ?? [],
        changed === false ? undefined : ((values[changed]?.get(id) ?? []) as boolean[]),
      ),
  ]);
}

async function readLogs({ store, now, signal }: Look, watches: Watch[]): Promise<[number, Observed][]> {
  const to = now - LAG_MS;
  const filters = watches.map((watch) => {
    const { level, program, q } = of<'log'>(watch);
    const levels = level?.split(',').map((one) => one.trim());
    return { level: levels?.filter(Boolean), program, q };
  });
  const from = to - of<'log'>(watches[0] as Watch).window_s * 1000;
  const query = { robotIds: idsOf(watches), filters, from, to };
  const matches = await store.logMatches(query, patienceOf(signal));
  const counts = new Map(matches.map(({ robotId, filter, count }) => [`${filter} ${robotId}`, count]));
  return watches.map((watch, i) => [
    watch.id,
    ({ id }) => {
      const count = counts.get(`${i} ${id}`) ?? 0;
      const holds = count >= of<'log'>(watch).count;
      return seen(holds, !holds, count);
    },
  ]);
}

/** Whether anything of the measurement has come since somebody could listen for long enough. */
async function readPresence(look: Look, watches: Watch[]): Promise<[number, Observed][]> {
  const { db, now, absences } = look;
  const since = listeningSince(now, of<'no_data'>(watches[0] as Watch).after_s * 1000, absences);
  if (since === undefined) return watches.map(({ id }) => [id, () => undefined]);
  const observed: [number, Observed][] = [];
  for (const watch of watches) {
    const { measurement } = of<'no_data'>(watch);
    const present = await presentOf(look, watch, since);
    const missing = watch.robots.filter(({ id }) => !present.has(id)).map(({ id }) => id);
    const known = missing.length > 0 ? await knownToSend(db, missing, measurement) : new Set();
    const judge = ({ id }: WatchedRobot) =>
      present.has(id) ? seen(false, true, null) : known.has(id) ? seen(true, false, null) : quiet;
    observed.push([watch.id, judge]);
  }
  return observed;
}

/** The robots of which there is something of the measurement. Most have just sent it; the store knows of the others. */
async function presentOf({ db, store, recent, now, signal }: Look, watch: Watch, since: number): Promise<Set<number>> {
  const { measurement } = of<'no_data'>(watch);
  const query = { robotIds: idsOf([watch]), measurement, ownerId: ownerOf(watch), since };
  const { present, unknown } = await recent.presence(query);
  const asked = unknown.length > 0 ? [...(await knownToSend(db, unknown, measurement))] : [];
  if (asked.length === 0) return present;
  const range = { robotIds: asked, from: since, to: now + AHEAD_MS };
  const question = { measurement, field: null, tags: {}, fn: 'count' as const };
  const found =
    measurement === 'syslog'
      ? await store.logMatches({ ...range, filters: [{}] }, patienceOf(signal))
      : await store.windows({ ...range, questions: [question] }, signal);
  for (const { robotId } of found) present.add(robotId);
  return present;
}

/** A forecast that wavers about the limit changes nothing. */
const CLEAR_DAYS = 1.2;

async function readDisks({ db }: Look, watches: Watch[]): Promise<[number, Observed][]> {
  const found = await daysToFull(db, idsOf(watches));
  return watches.map((watch) => [
    watch.id,
    ({ id }) => {
      const days = found.get(id);
      if (days === undefined) return quiet;
      const limit = of<'disk_full_in'>(watch).days;
      const value = days === null ? null : Math.round(days * 10) / 10;
      return seen(days !== null && days < limit, days === null || days >= limit * CLEAR_DAYS, value);
    },
  ]);
}
