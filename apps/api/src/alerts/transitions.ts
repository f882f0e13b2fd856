import type { AlertNews } from '../channels/index.ts';
import type { AlertValue } from '../db/schema.ts';
import type { OpenAlert } from './alert-store.ts';
import { decide, type Next, type Open } from './decide.ts';
import type { WatchedRobot } from './fleet-store.ts';
import type { Observed } from './observe.ts';
import type { WatchedRule } from './rule-store.ts';
import type { Silenceable } from './silenced.ts';
import type { Opening, Update } from './transition-store.ts';

type News = Omit<AlertNews, 'alertId' | 'robot'>;

/** What is to be written, with the message that goes with it. */
export interface Transitions {
  open: (Opening & { news: News | undefined })[];
  update: (Update & { news: News | undefined; ruleId: number | null })[];
  drop: { id: string; version: number }[];
  /** Of each rule that has news. */
  channels: Map<number, number[]>;
}

export interface Situation {
  now: number;
  watchedSince: number;
  observed: Map<number, Observed>;
  open: OpenAlert[];
  isSilenced(alert: Silenceable): boolean;
  /** For a time shorter than this, a rule may be unknown without harm. */
  gapMs: number;
  /** Mere values are written once a minute. */
  isWholeMinute: boolean;
}

type Watched = WatchedRule & { robots: WatchedRobot[] };

/** So many robots are judged without a pause. */
const AT_ONCE = 512;

/** Decides about every robot of every rule, and about open alerts that no rule is responsible for any more. */
export function* transitionsOf(watches: Watched[], situation: Situation): Generator<void, Transitions> {
  const result: Transitions = { open: [], update: [], drop: [], channels: new Map() };
  const open = new Map(situation.open.map((alert) => [`${alert.rule_id} ${alert.robot_id}`, alert]));
  yield;
  for (const rule of watches) {
    result.channels.set(rule.id, rule.channels);
    yield* judging(rule, situation, open, result);
  }
  const at = new Date(situation.now);
  for (const alert of open.values()) {
    if (alert.state === 'pending') result.drop.push({ id: alert.id, version: alert.version });
    else
      result.update.push({
        ...asUpdate(alert),
        ...{ state: 'resolved', resolvedAt: at, ended: 'not_watched' },
        news: undefined,
      });
  }
  return result;
}

function* judging(
  rule: Watched,
  situation: Situation,
  open: Map<string, OpenAlert>,
  result: Transitions,
): Generator<void, void> {
  const { now, observed } = situation;
  const answer = observed.get(rule.id);
  const terms = { forMs: rule.for_s * 1000, resolveForMs: rule.resolve_for_s * 1000 };
  const watchedSince = Math.max(situation.watchedSince, knownSince(rule, situation.gapMs));
  for (const [i, robot] of rule.robots.entries()) {
    if (i % AT_ONCE === 0) yield;
    const key = `${rule.id} ${robot.id}`;
    const alert = open.get(key);
    open.delete(key);
    const seen = typeof answer === 'function' ? answer(robot) : undefined;
    if (!alert && (seen?.kind !== 'seen' || !seen.holds)) continue;
    const before = alert && asOpen(alert);
    const next: Next | undefined = seen
      ? decide(terms, before, seen, { now, watchedSince, firings: alert?.firings ?? 1 })
      : before && { to: before.state, ...before };
    if (!next) continue;
    const isSilenced = () =>
      situation.isSilenced({ owner_id: rule.owner_id, rule_id: rule.id, robot_id: robot.id, labels: robot.labels });
    if (!alert) add(rule, robot, next, isSilenced, now, result);
    else change(rule, robot, alert, next, isSilenced, situation, result);
  }
}

/** When what the rule asks for could be read again, after it could not for long. */
function knownSince({ unknown_from, unknown_until }: WatchedRule, gapMs: number): number {
  if (!unknown_from || !unknown_until) return 0;
  return unknown_until.getTime() - unknown_from.getTime() > gapMs ? unknown_until.getTime() : 0;
}

const ms = (time: Date | null) => time?.getTime() ?? null;
const date = (time: number | null) => (time === null ? null : new Date(time));

const asOpen = ({ state, value, since, clear_since, quiet_since }: OpenAlert): Open => ({
  ...{ state, value, since: since.getTime(), clearSince: ms(clear_since), quietSince: ms(quiet_since) },
});

function asUpdate(alert: OpenAlert): Update & { ruleId: number | null } {
  const { id, version, state, value, since, rule_id: ruleId } = alert;
  return {
    ...{ id, version, ruleId, state, value, since, firedAt: alert.fired_at, clearSince: alert.clear_since },
    ...{ quietSince: alert.quiet_since, resolvedAt: null, ended: null, toldAt: alert.told_at },
  };
}

function newsOf(
  { id, name, severity, condition }: WatchedRule,
  what: News['what'],
  value: AlertValue,
  since: number,
): News {
  return { what, rule: { id, name }, severity, value, since: new Date(since).toISOString(), condition };
}

function add(
  rule: Watched,
  robot: WatchedRobot,
  next: Next,
  isSilenced: () => boolean,
  now: number,
  result: Transitions,
) {
  if (next.to !== 'pending' && next.to !== 'firing') return;
  const fires = next.to === 'firing';
  // Where nobody is told, nobody has been told.
  const tells = fires && rule.channels.length > 0 && !isSilenced();
  const since = sinceOf(rule, robot, next);
  result.open.push({
    ...{ ruleId: rule.id, ruleVersion: rule.version, robotId: robot.id, state: next.to, value: next.value },
    ...{ since: new Date(since), firedAt: fires ? new Date(now) : null, toldAt: tells ? new Date(now) : null },
    news: tells ? newsOf(rule, 'firing', next.value, since) : undefined,
  });
}

function change(
  rule: Watched,
  robot: WatchedRobot,
  alert: OpenAlert,
  next: Next,
  isSilenced: () => boolean,
  { now, isWholeMinute }: Situation,
  { update, drop }: Transitions,
): void {
  if (next.to === 'none') return void drop.push({ id: alert.id, version: alert.version });
  const former = asUpdate(alert);
  if (next.to === 'resolved') {
    const resolvedAt = new Date(now);
    // Whoever was told of it is told that it is over, silence or not; nobody else.
    const tells = alert.told_at !== null;
    const news = {
      ...newsOf(rule, 'resolved', alert.value, alert.since.getTime()),
      resolvedAt: resolvedAt.toISOString(),
    };
    return void update.push({
      ...former,
      ...{ state: 'resolved', resolvedAt, ended: 'recovered', clearSince: null },
      news: tells ? news : undefined,
    });
  }
  const since = sinceOf(rule, robot, next);
  const what =
    next.to === 'firing' && rule.channels.length > 0 && !isSilenced() ? dueNews(rule, alert, now) : undefined;
  const isNew =
    next.to !== alert.state ||
    since !== alert.since.getTime() ||
    next.clearSince !== ms(alert.clear_since) ||
    next.quietSince !== ms(alert.quiet_since) ||
    (isWholeMinute && next.value !== alert.value);
  if (!isNew && !what) return;
  update.push({
    ...former,
    ...{ state: next.to, value: next.value, since: new Date(since) },
    ...{ clearSince: date(next.clearSince), quietSince: date(next.quietSince) },
    firedAt: alert.fired_at ?? (next.to === 'firing' ? new Date(now) : null),
    toldAt: what ? new Date(now) : alert.told_at,
    news: what && newsOf(rule, what, next.value, since),
  });
}

/** Who is offline has been so since the last report, not since that was noticed. */
const sinceOf = ({ condition }: WatchedRule, { seenAt }: WatchedRobot, next: { to: string; since: number }): number =>
  condition.kind === 'offline' && next.to === 'firing' && seenAt !== null ? Math.min(next.since, seenAt) : next.since;

/** The first message, which a silence may have held back; then reminders. Neither, once somebody has acknowledged it. */
function dueNews(
  { remind_after_s }: WatchedRule,
  { told_at, acknowledged_at }: OpenAlert,
  now: number,
): News['what'] | undefined {
  if (acknowledged_at) return undefined;
  if (!told_at) return 'firing';
  return remind_after_s !== null && now - told_at.getTime() >= remind_after_s * 1000 ? 'reminder' : undefined;
}
