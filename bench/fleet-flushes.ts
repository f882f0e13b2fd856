import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, FleetRobot } from './fleet-robot.ts';

/** The agent's flush_jitter. */
const JITTER_MS = 2_000;
const SLOT_MS = 10;
/** So that one robot in a hundred is without a network at any time. */
const OUTAGE_MS = [20_000, 60_000] as const;
const OUTAGE_SHARE = 0.01;
const OUTAGE_MEAN_MS = 40_000;

const between = (from: number, to: number) => from + Math.random() * (to - from);

/** Lets robots flush: each every so many seconds in its own phase, and some time later, as its jitter is. */
export class FleetFlushes {
  #robots: FleetRobot[];
  #flushMs: number;
  #collected: number;
  #slots: { robot: FleetRobot; base: number }[][];
  #begun = performance.now();
  #done = 0;
  #joined = 0;
  #onAnswer: (answer: Answer) => void = () => {};

  /** @param flushS each so many seconds, a multiple of those in which they collect once */
  constructor(robots: FleetRobot[], { flushS, collectS }: { flushS: number; collectS: number }) {
    this.#robots = robots;
    this.#flushMs = flushS * 1000;
    this.#collected = flushS / collectS;
    this.#slots = Array.from({ length: (2 * (this.#flushMs + JITTER_MS)) / SLOT_MS }, () => []);
  }

  /** Runs for a time. Robots that are new join within `joinMs`. */
  async run(forMs: number, onAnswer: (answer: Answer) => void, joinMs = 0): Promise<void> {
    this.#onAnswer = onAnswer;
    const started = performance.now();
    const first = this.#joined;
    for (let now = started; now - started < forMs; now = performance.now()) {
      const share = joinMs > 0 ? Math.min(1, (now - started) / joinMs) : 1;
      const joined = first + Math.floor((this.#robots.length - first) * share);
      while (this.#joined < joined) this.#due(this.#robots[this.#joined++] as FleetRobot, now);
      this.#flush(now);
      await sleep(SLOT_MS / 2);
    }
  }

  /** All robots lose their network for a time, and have it again at once. */
  cut(forMs: number): void {
    const until = performance.now() + forMs;
    for (const robot of this.#robots) robot.offlineUntil = until;
  }

  #due(robot: FleetRobot, base: number): void {
    const slot = Math.floor((base + between(0, JITTER_MS) - this.#begun) / SLOT_MS);
    this.#slots[Math.max(slot, this.#done) % this.#slots.length]?.push({ robot, base });
  }

  #flush(now: number): void {
    const end = Math.floor((now - this.#begun) / SLOT_MS);
    // After a pause the wheel turns no more than once: what is in it is due.
    for (this.#done = Math.max(this.#done, end - this.#slots.length + 1); this.#done < end; this.#done++) {
      const due = this.#slots[this.#done % this.#slots.length] as { robot: FleetRobot; base: number }[];
      this.#slots[this.#done % this.#slots.length] = [];
      for (const { robot, base } of due) {
        if (Math.random() < (OUTAGE_SHARE * this.#flushMs) / OUTAGE_MEAN_MS)
          robot.offlineUntil = Math.max(robot.offlineUntil, now + between(...OUTAGE_MS));
        void robot.flush(this.#collected, (answer) => this.#onAnswer(answer));
        this.#due(robot, Math.max(base + this.#flushMs, now));
      }
    }
  }
}
