import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { connect } from '../../src/db/client.ts';
import { seeded } from '../acknowledged/random.ts';
import { startReplicas } from '../acknowledged/replicas.ts';
import { type Blow, type Explained, explain, killReplicas, stopReceivers } from './blows.ts';
import { type Count, count } from './count.ts';
import { Fleet } from './fleet.ts';
import { historyOf, until } from './history.ts';
import { watchProcessor } from './processor.ts';
import { startReceivers } from './receivers.ts';
import { QUICK, setUp } from './set-up.ts';

export interface RunOptions {
  seed: number;
  /** During which processes are killed. */
  seconds: number;
  rules: number;
  robots: number;
  replicas: number;
  webhooks: number;
  mails: number;
  /** Seconds. */
  groupWait: number;
  /** For how long a robot has a code, milliseconds: at least and at most. */
  dwellMs: readonly [number, number];
  /** Between two kills, milliseconds: at least and at most. */
  killAfterMs: readonly [number, number];
  stopsReceivers: boolean;
  /** Waits until the leases of what was killed run out; otherwise all replicas are killed once more, and their leases are ended. */
  waitsForLeases: boolean;
}

export interface Report extends Count {
  seed: number;
  blows: Blow[];
  kills: number;
  receiverStops: number;
  replies: Record<string, number>;
  explained: Explained;
  /** Spells of a code that no alert tells of: too short, or nobody evaluated meanwhile. The longest in seconds. */
  unnoticed: { spells: number; of: number; longest: number };
  /** Robots of which the rule that all of them break at the end has not told. */
  missing: number;
  /** Notifications left at the end. */
  waiting: number;
  /** All robots at once: from the first arrival to the last, seconds. */
  burst: { alerts: number; webhook: number; mail: number };
  cost: { whole: Spent; idling: Spent | undefined; bursting: Spent };
}

const DRAIN_MS = 300_000;
const IDLE_MS = 20_000;

/**
 * Robots change their state all the time, while several API processes under many rules, and the receivers of their messages, are
 * killed and started again at random. At the end everything calms down, and what was received is compared with the history.
 */
export async function deliveredRun(options: RunOptions): Promise<Report> {
  const { seed, seconds, robots, groupWait } = options;
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-delivered-'));
  const postgres = await startPostgres();
  const receivers = await startReceivers(dir, seed);
  const api = await startReplicas(options.replicas, {
    ...{ DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: '10', DATABASE_READ_POOL_SIZE: '4' },
    ...{ ...receivers.settings, ALERT_ALLOWED_HOSTS: '127.0.0.1', ALERT_GROUP_WAIT: String(groupWait) },
    // One person has all that is sent.
    ALERT_MAILS_PER_USER: '1000000',
  });
  const { db } = connect(postgres.url, 2);
  const processor = watchProcessor(api.pids, postgres.pid);
  const fleet = new Fleet(api.urls, options.dwellMs);
  try {
    const server = api.any(seeded(seed));
    const token = await server.signIn();
    const { quickRule, codes, channelsOf } = await setUp(server, token, receivers.hook, options);
    await fleet.pair(server, token, robots, codes, seed);

    const blows: Blow[] = [];
    const begun = Date.now();
    const isOver = () => Date.now() - begun > seconds * 1000;
    const before = await processor.seconds();
    fleet.live();
    await Promise.all([
      killReplicas(api.victims, seeded(seed), options.killAfterMs, isOver, blows),
      ...(options.stopsReceivers ? [stopReceivers(receivers, seeded(seed + 1), isOver, blows)] : []),
    ]);
    const whole = spent(before, await processor.seconds(), begun);
    if (!options.waitsForLeases) {
      const now = Date.now();
      blows.push(...api.victims.map(({ name }): Blow => ({ victim: name, how: 'kill', from: now, until: now })));
      await Promise.all(api.victims.map((victim) => victim.kill()));
      await sql`update alert_channels set held_until = now() where held_until > now()`.execute(db);
      await sql`update job_claims set until = now() where until > now()`.execute(db);
      await Promise.all(api.victims.map((victim) => victim.restart()));
    }
    const history = () => historyOf(api.any(Math.random), channelsOf);
    const counting = async (query: RawBuilder<{ n: number }>) => (await query.execute(db)).rows[0]?.n ?? 0;
    const waiting = () => counting(sql`select count(*)::int as n from alert_notifications`);
    const open = () => counting(sql`select count(*)::int as n from alerts where state <> 'resolved'`);
    const isCalm = async () => (await open()) === 0 && (await waiting()) === 0;
    const quick = () => counting(sql`select count(*)::int as n from alerts where rule_id = ${quickRule}`);
    let idling: Spent | undefined;
    if (options.waitsForLeases) {
      fleet.all(0);
      await until(isCalm, DRAIN_MS);
      const [idle, idleFrom] = [await processor.seconds(), Date.now()];
      await sleep(IDLE_MS);
      idling = spent(idle, await processor.seconds(), idleFrom);
    }
    // Nothing is killed any more: what it costs to tell of the whole fleet at once.
    const [atBurst, burstFrom] = [await processor.seconds(), Date.now()];
    fleet.all(1);
    await until(async () => (await quick()) >= robots && (await waiting()) === 0, DRAIN_MS);
    const bursting = spent(atBurst, await processor.seconds(), burstFrom);
    fleet.all(0);
    await until(isCalm, DRAIN_MS);
    await fleet.stop();

    const ended = api.endedByItself();
    if (ended !== undefined) throw new Error(`The API exited unexpectedly:\n${ended}`);
    const [alerts, receipts] = [await history(), await receivers.received()];
    const counted = count(alerts, receipts);
    const known = new Set(alerts.map(({ pair }) => pair));
    const unnoticed = fleet.spells.filter(({ pair }) => !known.has(pair));
    const span = (to: string) => {
      const own = receipts.filter((one) => one.to === to && one.told[0]?.what === 'firing').map(({ at }) => at);
      return own.length > 0 ? (Math.max(...own) - Math.min(...own)) / 1000 : 0;
    };
    const lasted = (spell: (typeof unnoticed)[number]) => (Math.min(spell.until, Date.now()) - spell.from) / 1000;
    return {
      ...{ seed, blows, ...counted, explained: explain(counted.repeated, blows) },
      kills: blows.filter(({ victim }) => victim !== 'receivers').length,
      receiverStops: blows.filter(({ victim }) => victim === 'receivers').length,
      replies: Object.fromEntries(fleet.replies),
      unnoticed: {
        ...{ spells: unnoticed.length, of: fleet.spells.length },
        longest: Math.round(Math.max(0, ...unnoticed.map(lasted))),
      },
      missing: robots - alerts.filter(({ ruleId }) => ruleId === quickRule).length,
      waiting: await waiting(),
      burst: { alerts: robots, webhook: span(QUICK.webhook), mail: span(QUICK.mail) },
      cost: { whole, idling, bursting },
    };
  } finally {
    processor.stop();
    await fleet.stop();
    await db.destroy();
    await api.end();
    await receivers.stop();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Seconds {
  servers: number;
  postgres: number;
}

/** Processor seconds, and how long that was. */
interface Spent extends Seconds {
  wall: number;
}

const spent = (before: Seconds, now: Seconds, from: number): Spent => ({
  servers: Math.round(now.servers - before.servers),
  postgres: Math.round(now.postgres - before.postgres),
  wall: Math.round((Date.now() - from) / 1000),
});
