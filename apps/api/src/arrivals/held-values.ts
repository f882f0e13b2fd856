import type { ArrivedValue, RobotArrivals } from './arrival-body.ts';

export type HeldValue = number | string | boolean;

/** By time, each once. */
export interface HeldSeries {
  series: number;
  /** Milliseconds since 1970. */
  times: number[];
  values: HeldValue[];
}

/** Values, sixteen bytes each, for all that is watched together. */
const MAX_HELD = 4_000_000;
/** Robots that found no place are held again when so much of it is left. */
const ROOM = 0.8;
/** Of what is watched, of one robot. Adding to them costs more with each. */
const MAX_SERIES = 256;
const MAX_TIMES = 4_096;
/** So many values that are not wanted any more are left where they are. */
const SLACK = 32;

/** What arrived lately, by what is watched and robot. */
export class HeldValues {
  #byWatched = new Map<number, Map<number, HeldSeries[]>>();
  #newest = new Map<number, Map<number, number>>();
  /** Robots of which not everything is held, and since when, on performance.now()'s clock. */
  #incomplete = new Map<number, number>();
  #size = 0;
  #max: number;

  constructor(max = MAX_HELD) {
    this.#max = max;
  }

  /** Values that are held. */
  get size(): number {
    return this.#size;
  }

  /** @param now on performance.now()'s clock */
  add({ robotId, times }: RobotArrivals, now: number): void {
    const room = this.#max * (this.#incomplete.has(robotId) ? ROOM : 1);
    let isWhole = times !== undefined && this.#size < room;
    for (const [ms, flat] of times ?? [])
      for (let i = 0; i < flat.length; i += 3) {
        const [watched, series, value] = [flat[i], flat[i + 1], flat[i + 2]] as ArrivedValue;
        if (value === null) this.#putNewest(robotId, ms, watched);
        else if (isWhole) isWhole = put(this.#seriesOf(watched, robotId), ms, series, value, this.#count);
      }
    if (!isWhole) this.#incomplete.set(robotId, now);
  }

  #count = (more: number) => {
    this.#size += more;
  };

  #seriesOf(watched: number, robotId: number): HeldSeries[] {
    const byRobot = this.#byWatched.get(watched) ?? new Map<number, HeldSeries[]>();
    this.#byWatched.set(watched, byRobot);
    const all = byRobot.get(robotId) ?? [];
    byRobot.set(robotId, all);
    return all;
  }

  #putNewest(robotId: number, ms: number, watched: number): void {
    const byRobot = this.#newest.get(watched) ?? new Map<number, number>();
    this.#newest.set(watched, byRobot.set(robotId, Math.max(ms, byRobot.get(robotId) ?? ms)));
  }

  of(watched: number, robotId: number): HeldSeries[] {
    return this.#byWatched.get(watched)?.get(robotId) ?? [];
  }

  /** When anything of the measurement last came of the robot: its time, milliseconds since 1970. */
  newest(watched: number, robotId: number): number | undefined {
    return this.#newest.get(watched)?.get(robotId);
  }

  /** Whether all that arrived lately is held. */
  isComplete(robotId: number): boolean {
    return !this.#incomplete.has(robotId);
  }

  /** @param before on performance.now()'s clock: of what was left out then, nothing would be held any more */
  forgive(before: number): void {
    for (const [robotId, at] of this.#incomplete) if (at < before) this.#incomplete.delete(robotId);
  }

  /** Forgets values, a robot at a time. @param since what is wanted, milliseconds since 1970; undefined: nothing any more */
  *trimming(since: (watched: number) => number | undefined): Generator<void, void> {
    for (const watched of this.#newest.keys()) if (since(watched) === undefined) this.#newest.delete(watched);
    for (const [watched, byRobot] of this.#byWatched) {
      const from = since(watched) ?? Number.POSITIVE_INFINITY;
      for (const [robotId, all] of byRobot) {
        const left = all.filter((held) => trim(held, from, this.#count));
        if (left.length === 0) byRobot.delete(robotId);
        else if (left.length < all.length) byRobot.set(robotId, left);
        yield;
      }
      if (byRobot.size === 0) this.#byWatched.delete(watched);
    }
  }
}

/** @returns false when there are too many to hold */
function put(all: HeldSeries[], ms: number, series: number, value: HeldValue, count: (more: number) => void): boolean {
  let held = all.find((one) => one.series === series);
  if (!held) {
    if (all.length >= MAX_SERIES) return false;
    held = { series, times: [], values: [] };
    all.push(held);
  }
  const { times, values } = held;
  let i = times.length;
  while (i > 0 && (times[i - 1] as number) > ms) i--;
  if (i > 0 && times[i - 1] === ms) values[i - 1] = value;
  else {
    if (times.length >= MAX_TIMES) return false;
    times.splice(i, 0, ms);
    values.splice(i, 0, value);
    count(1);
  }
  return true;
}

/** @returns whether any are left */
function trim({ times, values }: HeldSeries, from: number, count: (more: number) => void): boolean {
  let over = 0;
  while (over < times.length && (times[over] as number) < from) over++;
  if (over < times.length && over < SLACK) return true;
  times.splice(0, over);
  values.splice(0, over);
  count(-over);
  return times.length > 0;
}
