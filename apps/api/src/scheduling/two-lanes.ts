import { FairQueue } from './fair-queue.ts';

export type Lane = 'short' | 'long';

/**
 * Two fair queues: what is quickly done does not wait behind what takes long, and neither lane starves. A robot's
 * usual report is short, a body of its backlog is long.
 */
export class TwoLanes<Item> {
  #lanes: Record<Lane, FairQueue<Item>> = { short: new FairQueue<Item>(), long: new FairQueue<Item>() };
  #first: Lane = 'long';

  get size(): number {
    return this.#lanes.short.size + this.#lanes.long.size;
  }

  has = (lane: Lane): boolean => this.#lanes[lane].size > 0;

  push(lane: Lane, key: number, item: Item): void {
    this.#lanes[lane].push(key, item);
  }

  /** Begins a batch: when both lanes wait, the one comes first that came second in the last batch. */
  turn(): void {
    if (this.has('short') && this.has('long')) this.#first = this.#first === 'short' ? 'long' : 'short';
    else this.#first = 'long';
  }

  /** Removes and returns the next item of the first lane that satisfies `fits`, or else of the second. */
  shift(fits: (item: Item) => boolean): Item | undefined {
    const [first, second]: [Lane, Lane] = this.#first === 'short' ? ['short', 'long'] : ['long', 'short'];
    return this.#lanes[first].shift(fits) ?? this.#lanes[second].shift(fits);
  }
}
