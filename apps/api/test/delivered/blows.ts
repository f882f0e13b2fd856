import { setTimeout as sleep } from 'node:timers/promises';
import type { Victim } from '../acknowledged/chaos.ts';
import { between, pick, type Random } from '../acknowledged/random.ts';
import type { Count } from './count.ts';

/** Times are milliseconds since 1970. */
export interface Blow {
  victim: string;
  how: 'kill' | 'pause';
  from: number;
  until: number;
}

/** Kills one replica, some or all at once, after so many milliseconds, and starts them again, until `isOver`; all run at the end. */
export async function killReplicas(
  replicas: Victim[],
  random: Random,
  [least, most]: readonly [number, number],
  isOver: () => boolean,
  blows: Blow[],
) {
  for (;;) {
    await sleep(between(random, least, most));
    if (isOver()) return;
    const many = random() < 0.15 ? replicas.length : random() < 0.35 ? Math.min(2, replicas.length) : 1;
    const from = Math.floor(random() * replicas.length);
    const struck = Array.from({ length: many }, (_, i) => replicas[(from + i) % replicas.length] as Victim);
    const now = struck.map(({ name: victim }): Blow => ({ victim, how: 'kill', from: Date.now(), until: Date.now() }));
    blows.push(...now);
    await Promise.all(struck.map((victim) => victim.kill()));
    await sleep(between(random, 0, 4_000));
    await Promise.all(struck.map((victim) => victim.restart()));
    for (const blow of now) blow.until = Date.now();
  }
}

export interface Stoppable {
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
  pause(): Promise<unknown>;
  resume(): void;
}

/** Stops the receivers for a while, by killing or freezing them, until `isOver`; a frozen one outlasts a sender's patience. */
export async function stopReceivers(receivers: Stoppable, random: Random, isOver: () => boolean, blows: Blow[]) {
  for (;;) {
    await sleep(between(random, 20_000, 50_000));
    if (isOver()) return;
    const how = pick(random, ['kill', 'pause'] as const);
    const blow: Blow = { victim: 'receivers', how, from: Date.now(), until: Date.now() };
    blows.push(blow);
    await receivers[how]();
    await sleep(how === 'kill' ? between(random, 1_000, 15_000) : between(random, 2_000, 14_000));
    if (how === 'kill') await receivers.restart();
    else receivers.resume();
    blow.until = Date.now();
  }
}

/** The longest that a message is under way. */
const SEND_MS = 20_000;
const SLACK_MS = 2_000;

export interface Explained {
  /** Received again because a replica was killed while it sent: at most once for each channel and kill. */
  byKill: number;
  /** Received again because the receivers were stopped before they had answered. */
  byReceiver: number;
  unexplained: Count['repeated'];
  /** The most that one kill caused, on all channels. */
  mostOfOneKill: number;
}

export function explain(repeated: Count['repeated'], blows: Blow[]): Explained {
  const used = new Map<Blow, Set<string>>();
  const result: Explained = { byKill: 0, byReceiver: 0, unexplained: [], mostOfOneKill: 0 };
  for (const one of repeated) {
    const within = (time: number, { from, until }: Blow) => time >= from - SLACK_MS && time <= until + SLACK_MS;
    const stopped = blows.find(
      (blow) => blow.victim === 'receivers' && (within(one.first, blow) || within(one.again, blow)),
    );
    const killed = blows.find(
      (blow) =>
        blow.victim !== 'receivers' &&
        blow.from >= one.first - SLACK_MS &&
        blow.from <= Math.min(one.again, one.first + SEND_MS) &&
        !used.get(blow)?.has(one.to),
    );
    if (stopped) result.byReceiver++;
    else if (killed) {
      result.byKill++;
      used.set(killed, (used.get(killed) ?? new Set()).add(one.to));
    } else result.unexplained.push(one);
  }
  result.mostOfOneKill = Math.max(0, ...[...used.values()].map(({ size }) => size));
  return result;
}
