import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { pauseAfter } from './pause-after.ts';
import { isPong, isReady, PING } from './supervised.ts';

/** A worker cuts off what is still open after 15 seconds. */
const STOP_MS = 16_000;
const PING_MS = 2_000;
/** Counted, not timed: when the whole machine was asleep, nobody was to blame. */
const UNANSWERED = 10;
/** Two minutes for a slow board to start one. */
const UNANSWERED_AT_START = 60;

/** A worker ended before it was ready, and has said why. */
export class WorkerFailed extends Error {
  override name = 'WorkerFailed';
}

/** Runs a number of workers. One that ends, or no longer answers, is replaced. */
export class WorkerPool {
  #log: Logger;
  #stopping = new AbortController();
  #places: Promise<void>[] = [];
  /** How often a worker was replaced. */
  restarts = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Resolves when all are ready. The first one starts alone: what is wrong with the settings is said once.
   * @throws WorkerFailed
   */
  async start(count: number): Promise<void> {
    await this.#begin();
    await Promise.all(Array.from({ length: count - 1 }, () => this.#begin()));
  }

  /** Asks all to end, and waits; whoever takes too long is killed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    signalAll('SIGTERM');
    const overdue = setTimeout(signalAll, STOP_MS, 'SIGKILL');
    await Promise.all(this.#places);
    clearTimeout(overdue);
  }

  #begin(): Promise<void> {
    return new Promise((ready, failed) => {
      this.#places.push(this.#keepRunning(ready, failed));
    });
  }

  /** One worker after the other, until stop(). */
  async #keepRunning(onReady: () => void, onFailed: (error: Error) => void): Promise<void> {
    let hasBeenReady = false;
    for (let failures = 0; !this.#stopping.signal.aborted; this.restarts++) {
      const started = performance.now();
      const worker = cluster.fork();
      const stopWatching = this.#watch(worker, () => {
        hasBeenReady = true;
        onReady();
      });
      const { code, signal } = await ended(worker);
      stopWatching();
      if (this.#stopping.signal.aborted) return;
      if (!hasBeenReady) return onFailed(new WorkerFailed('A worker did not start.'));
      const pause = pauseAfter(performance.now() - started, failures);
      failures = pause.failures;
      const about = { worker: worker.process.pid, code, signal, pauseMs: pause.ms };
      this.#log.error(about, 'a worker has ended unexpectedly and is started again');
      await sleep(pause.ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  /** Kills a worker that no longer answers: the system would go on giving it connections. */
  #watch(worker: Worker, onReady: () => void): () => void {
    let unanswered = 0;
    let limit = UNANSWERED_AT_START;
    const ping = () => {
      if (unanswered++ < limit) return worker.send(PING);
      this.#log.error({ worker: worker.process.pid }, 'a worker does not answer and is killed');
      worker.process.kill('SIGKILL');
    };
    // Of messages to one that has just ended.
    worker.on('error', () => {});
    worker.on('message', (message: unknown) => {
      if (isPong(message)) unanswered = 0;
      if (!isReady(message)) return;
      unanswered = 0;
      limit = UNANSWERED;
      onReady();
    });
    const timer = setInterval(ping, PING_MS);
    return () => clearInterval(timer);
  }
}

const ended = (worker: Worker) =>
  new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    worker.once('exit', (code, signal) => resolve({ code, signal })),
  );

function signalAll(name: NodeJS.Signals): void {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(name);
}
