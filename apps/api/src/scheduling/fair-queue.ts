/** FIFO per key; keys take turns, so that one with a long queue does not hold up the others. */
export class FairQueue<Item> {
  #queues = new Map<number, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(key: number, item: Item): void {
    const queue = this.#queues.get(key);
    if (queue) queue.push(item);
    else this.#queues.set(key, [item]);
    this.#size++;
  }

  /** Removes and returns the next item, if it satisfies `fits`. */
  shift(fits: (item: Item) => boolean): Item | undefined {
    for (const [key, queue] of this.#queues) {
      const item = queue[0] as Item;
      if (!fits(item)) return undefined;
      this.#queues.delete(key);
      queue.shift();
      if (queue.length > 0) this.#queues.set(key, queue);
      this.#size--;
      return item;
    }
    return undefined;
  }
}
