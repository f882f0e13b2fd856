import { setTimeout as sleep } from 'node:timers/promises';
import { between, pick, type Random } from './random.ts';

/** A process that can be killed as by a power cut, and restarted with its stored data. */
export interface Victim {
  name: string;
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
  /** Freezes it, with its connections open. */
  pause?(): unknown;
  resume?(): unknown;
}

export interface Blow {
  atMs: number;
  victim: string;
  how: 'kill' | 'pause';
  lastedMs: number;
}

/** Kills or freezes the victims in turn, at times determined by the seed, until `isOver`. */
export async function unleash(victims: Victim[], random: Random, isOver: () => boolean): Promise<Blow[]> {
  const blows: Blow[] = [];
  const start = Date.now();
  for (;;) {
    await sleep(between(random, 300, 2500));
    if (isOver()) return blows;
    const victim = pick(random, victims);
    const how = victim.pause && random() < 0.3 ? 'pause' : 'kill';
    const began = Date.now();
    await (how === 'pause' ? victim.pause?.() : victim.kill());
    await sleep(between(random, 0, how === 'pause' ? 5000 : 1500));
    await (how === 'pause' ? victim.resume?.() : victim.restart());
    blows.push({ atMs: began - start, victim: victim.name, how, lastedMs: Date.now() - began });
  }
}
