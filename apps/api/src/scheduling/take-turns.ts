import { FairQueue } from './fair-queue.ts';

interface Task {
  run(): Promise<void>;
}

/** Limits concurrency; keys take turns, so that one with a long queue does not hold up the others. */
export class Turns {
  #atOnce: number;
  #running = 0;
  #queue = new FairQueue<Task>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  take<Result>(key: number, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push(key, { run: () => work().then(resolve, reject) });
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#running < this.#atOnce) {
      const task = this.#queue.shift(() => true);
      if (!task) return;
      this.#running++;
      void task.run().finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }
}
