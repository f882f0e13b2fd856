import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { MetricsStore, Refusal } from './metrics-store.ts';
import { findReporting, type ReportingRobot } from './reporting-robot.ts';

export interface Submission {
  tokenHash: string;
  lines: Buffer[];
  bytes: number;
}

/** What became of a submission: the robot as it is now, and the lines that the store refused. */
export interface Accepted {
  robot: ReportingRobot;
  refusals: Refusal[];
}

interface Waiting extends Submission {
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
  settled: boolean;
}

export interface IngestOptions {
  timeoutMs: number;
  maxPendingBytes: number;
  maxBatchLines?: number;
  maxInFlight?: number;
}

const unavailable = () =>
  new AppError('store_unavailable', 'The metrics store does not answer. Keep the data and send it again.', {
    retryAfter: 10,
  });

/**
 * Gathers many robots' bodies into one write. While a write is under way the next one fills, so there is no wait when idle.
 * Token and status of everybody in it are read in one query at the moment it is sent: a revoked token writes nothing.
 */
export class Ingest {
  #db: Database;
  #store: MetricsStore;
  #options: Required<IngestOptions>;
  #queue: Waiting[] = [];
  #pendingBytes = 0;
  #inFlight = 0;

  constructor(db: Database, store: MetricsStore, options: IngestOptions) {
    this.#db = db;
    this.#store = store;
    this.#options = { maxBatchLines: 5000, maxInFlight: 3, ...options };
  }

  /** Resolves when the store has accepted the lines. @throws AppError unauthorized, store_unavailable */
  submit(submission: Submission): Promise<Accepted> {
    if (this.#pendingBytes + submission.bytes > this.#options.maxPendingBytes) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      this.#pendingBytes += submission.bytes;
      const timer = setTimeout(() => settle(() => reject(unavailable())), this.#options.timeoutMs);
      const waiting: Waiting = {
        ...submission,
        settled: false,
        resolve: (accepted) => settle(() => resolve(accepted)),
        reject: (error) => settle(() => reject(error)),
      };
      const settle = (answer: () => void) => {
        if (waiting.settled) return;
        waiting.settled = true;
        clearTimeout(timer);
        answer();
      };
      this.#queue.push(waiting);
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < this.#options.maxInFlight && this.#queue.length > 0) {
      const batch = this.#nextBatch();
      if (batch.length === 0) continue;
      this.#inFlight++;
      void this.#send(batch)
        .catch((error) => {
          for (const waiting of batch) waiting.reject(error);
        })
        .finally(() => {
          this.#inFlight--;
          for (const waiting of batch) this.#pendingBytes -= waiting.bytes;
          this.#pump();
        });
    }
  }

  /** Those already answered 503 are dropped: their robot will send them again. */
  #nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let lines = 0;
    while (
      this.#queue[0] &&
      (batch.length === 0 || lines + this.#queue[0].lines.length <= this.#options.maxBatchLines)
    ) {
      const next = this.#queue.shift() as Waiting;
      if (next.settled) {
        this.#pendingBytes -= next.bytes;
        continue;
      }
      batch.push(next);
      lines += next.lines.length;
    }
    return batch;
  }

  async #send(batch: Waiting[]): Promise<void> {
    const robots = await findReporting(this.#db, [...new Set(batch.map((waiting) => waiting.tokenHash))]);
    const allowed = batch.flatMap((waiting) => {
      const robot = robots.get(waiting.tokenHash);
      if (robot) return [{ waiting, robot }];
      waiting.reject(new AppError('unauthorized', 'This token is not valid, or the robot is switched off.'));
      return [];
    });
    if (allowed.length === 0) return;
    const refusals = await this.#store.write(
      allowed.map(({ waiting, robot }) => ({ robotId: robot.id, lines: waiting.lines })),
    );
    for (const [i, { waiting, robot }] of allowed.entries()) waiting.resolve({ robot, refusals: refusals[i] ?? [] });
  }
}
