import type { Database } from '../db/schema.ts';
import { inSlices } from '../scheduling/slices.ts';
import type { MetricsStore, WindowAnswer, WindowQuestion } from '../stores/index.ts';
import { aggregateValues } from './aggregate-values.ts';
import { HeldArrivals } from './held-arrivals.ts';
import { LONGEST_MS } from './spans.ts';
import { WatchList } from './watch-list.ts';

/** Asks the same questions of many robots, again and again, of windows that move on. */
export interface RecentQuery {
  robotIds: number[];
  questions: (WindowQuestion & { ownerId: number | null })[];
  /** Milliseconds since 1970; `to` is exclusive. */
  from: number;
  to: number;
}

/** Whether there is anything of a measurement. */
export interface PresenceQuery {
  robotIds: number[];
  measurement: string;
  ownerId: number | null;
  /** Milliseconds since 1970. */
  since: number;
}

/** So many answers are worked on without a pause. */
const AT_ONCE = 64;

/**
 * Answers from what has just arrived; what has not been watched for long enough, or is too much, comes from the metrics store. The
 * answers are the same.
 */
export class RecentWindows {
  #store: Pick<MetricsStore, 'windows'>;
  #watches: WatchList;
  #arrivals: HeldArrivals;

  constructor(db: Database, store: Pick<MetricsStore, 'windows'>, arrivals = new HeldArrivals(db)) {
    this.#store = store;
    this.#watches = new WatchList(db);
    this.#arrivals = arrivals;
  }

  /** As MetricsStore's. */
  async windows(query: RecentQuery, signal: AbortSignal): Promise<WindowAnswer[]> {
    const { robotIds, questions, from, to } = query;
    if (to - from > LONGEST_MS) return this.#store.windows(query, signal);
    const watched = await this.#watches.ask(questions, to - from);
    await this.#arrivals.catchUp((id) => this.#watches.keptMs(id));
    const isHeld = watched.map((one) => one !== undefined && this.#arrivals.isComplete(one, from));
    const [held, left] = [true, false].map((wanted) => [...questions.keys()].filter((i) => isHeld[i] === wanted));
    const [whole, others] = [true, false].map((wanted) =>
      robotIds.filter((id) => this.#arrivals.values.isComplete(id) === wanted),
    );
    const ids = watched.map((one) => one?.id ?? 0);
    const answers = await inSlices(this.#answering(query, held ?? [], whole ?? [], ids));
    for (const [robots, some] of [
      [robotIds, left ?? []],
      [others ?? [], held ?? []],
    ] as const)
      answers.push(...(await this.#ofStore(query, robots, some, signal)));
    return answers;
  }

  async #ofStore(query: RecentQuery, robotIds: number[], some: number[], signal: AbortSignal): Promise<WindowAnswer[]> {
    if (robotIds.length === 0 || some.length === 0) return [];
    const questions = some.map((i) => query.questions[i] as WindowQuestion);
    const answers = await this.#store.windows({ ...query, robotIds, questions }, signal);
    return answers.map((answer) => ({ ...answer, question: some[answer.question] as number }));
  }

  /** @param some places of questions. @param ids of what is watched, by the question's place */
  *#answering(
    { questions, from, to }: RecentQuery,
    some: number[],
    robots: number[],
    ids: number[],
  ): Generator<void, WindowAnswer[]> {
    const answers: WindowAnswer[] = [];
    for (const question of some) {
      const { fn } = questions[question] as WindowQuestion;
      for (const [i, robotId] of robots.entries()) {
        if (i % AT_ONCE === 0) yield;
        for (const held of this.#arrivals.values.of(ids[question] as number, robotId)) {
          const value = aggregateValues(fn, held, from, to);
          if (value !== undefined) answers.push({ robotId, question, value });
        }
      }
    }
    return answers;
  }

  /** @returns the robots of which there is something, and those of which only the metrics store can tell */
  async presence({ robotIds, measurement, ownerId, since }: PresenceQuery) {
    const [watched] = await this.#watches.ask([{ measurement, ownerId, field: null, tags: {} }], LONGEST_MS);
    await this.#arrivals.catchUp((id) => this.#watches.keptMs(id));
    const present = new Set<number>();
    const unknown: number[] = [];
    for (const id of robotIds) {
      const newest = watched && this.#arrivals.values.newest(watched.id, id);
      if (newest !== undefined && newest >= since) present.add(id);
      else if (!watched || !this.#arrivals.isComplete(watched, since) || !this.#arrivals.values.isComplete(id))
        unknown.push(id);
    }
    return { present, unknown };
  }
}
