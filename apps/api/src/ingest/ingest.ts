import type { ArrivalRecorder } from '../arrivals/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notReporting } from '../errors.ts';
import type { Refusals, StampedLines } from '../line-protocol/index.ts';
import type { Telemetry } from '../monitoring/telemetry.ts';
import { type KnownRobot, type ReportingRobot, recheckReporting } from '../robots/index.ts';
import { type Lane, TwoLanes } from '../scheduling/two-lanes.ts';
import type { MetricsStore, RobotLines } from '../stores/index.ts';

/** One robot's bytes in flight to the store. The owner of the hold releases it when they are no longer needed. */
export interface Hold {
  bytes: number;
  release(): void;
}

export interface Submission extends KnownRobot {
  lines: StampedLines;
  /** Lines that the catalog refused; the others go to the store. */
  refused: Refusals;
  lane: Lane;
  /** When the answer is due, on performance.now()'s clock. */
  deadline: number;
  /** Covers its bytes; released by the ingest. */
  hold: Hold;
}

/** Result of a submission: the robot's current state, and the refused lines. */
export interface Accepted {
  robot: ReportingRobot;
  refused: Refusals;
}

interface Waiting extends Submission {
  since: number;
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
  settled: boolean;
}

interface Allowed extends RobotLines {
  waiting: Waiting;
  robot: ReportingRobot;
}

export interface IngestOptions {
  /** Timeout of a write, milliseconds. */
  timeoutMs: number;
  maxPendingBytes: number;
  batchLines: number;
  batchBytes: number;
  /** Longest time a batch may wait for more lines while another write is under way, milliseconds. */
  lingerMs: number;
  writesInFlight: number;
}

export interface IngestDeps {
  db: Database;
  store: MetricsStore;
  arrivals: ArrivalRecorder;
  telemetry: Telemetry;
}

/** One robot's share of maxPendingBytes. */
const SHARE_OF_PENDING = 1 / 8;

export const storeAway = () =>
  new AppError('store_unavailable', 'The metrics store does not answer. Keep the data and send it again.', {
    retryAfter: 10,
  });

/** A batch lingers for this share of the mean write time, so that a slow store gets fewer and larger writes. */
const LINGER_SHARE = 0.1;
/** Weight of the latest write in the moving average. */
const SMOOTHING = 0.2;

/**
 * Batches many robots' bodies into one write. An idle store gets a batch at once; otherwise it is sent when full or
 * when its linger time is over. One query rechecks every token and status as the batch is sent, so a revoked token
 * writes nothing.
 */
export class Ingest {
  #deps: IngestDeps;
  #options: IngestOptions;
  #queue = new TwoLanes<Waiting>();
  #queuedLines = 0;
  #queuedBytes = 0;
  #pendingBytes = 0;
  #pendingOf = new Map<number, number>();
  #inFlight = 0;
  #waitingSince = 0;
  /** Moving averages of the time a write to each part of the store takes, milliseconds. */
  #writeMs = new Map<number, number>();
  /** Longest wait in the last batch with bodies of that lane, abandoned ones included, milliseconds. */
  #lastWaitMs: Record<Lane, number> = { short: 0, long: 0 };
  #scheduled = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(deps: IngestDeps, options: IngestOptions) {
    this.#deps = deps;
    this.#options = options;
    deps.telemetry.watchIngest(() => ({ pendingBytes: this.#pendingBytes, inFlight: this.#inFlight }));
  }

  /** Reserves room for a body's lines until released. @throws AppError store_unavailable, rate_limited */
  hold(robotId: number, bytes: number): Hold {
    const { maxPendingBytes } = this.#options;
    const own = this.#pendingOf.get(robotId) ?? 0;
    if (this.#pendingBytes + bytes > maxPendingBytes) throw storeAway();
    if (own > 0 && own + bytes > maxPendingBytes * SHARE_OF_PENDING) {
      const detail =
        'This robot sends faster than the store accepts. Wait for the pending replies before sending more.';
      throw new AppError('rate_limited', detail, { retryAfter: 5 });
    }
    this.#count(robotId, bytes);
    let held = true;
    const release = () => {
      if (held) this.#count(robotId, -bytes);
      held = false;
    };
    return { bytes, release };
  }

  #count(robotId: number, bytes: number): void {
    this.#pendingBytes += bytes;
    const own = (this.#pendingOf.get(robotId) ?? 0) + bytes;
    if (own > 0) this.#pendingOf.set(robotId, own);
    else this.#pendingOf.delete(robotId);
  }

  /** Estimated time a body queued now will take, milliseconds, judged by the last batch. */
  expectedWaitMs(robotId: number, lane: Lane): number {
    const writeMs = this.#writeMs.get(this.#deps.store.partOf(robotId)) ?? 0;
    return this.#queue.has(lane) ? this.#lastWaitMs[lane] + writeMs : 0;
  }

  /** Resolves when the store has accepted the lines. @throws AppError unauthorized, store_unavailable */
  submit(submission: Submission): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(storeAway())), submission.deadline - performance.now());
      const waiting: Waiting = {
        ...submission,
        since: performance.now(),
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
      this.#enqueue(waiting);
    });
  }

  #enqueue(waiting: Waiting): void {
    if (this.#queue.size === 0) this.#waitingSince = waiting.since;
    this.#queue.push(waiting.lane, waiting.robot.id, waiting);
    this.#queuedLines += waiting.lines.count;
    this.#queuedBytes += waiting.hold.bytes;
    if (this.#scheduled) return;
    // Bodies that arrive in the same turn of the event loop share a batch.
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    clearTimeout(this.#linger);
    while (this.#queue.size > 0 && this.#inFlight < this.#options.writesInFlight) {
      const wait = this.#inFlight === 0 || this.#isFull() ? 0 : this.#lingerLeft();
      if (wait > 0) {
        this.#linger = setTimeout(() => this.#pump(), wait);
        return;
      }
      const batch = this.#nextBatch();
      if (batch.length > 0) void this.#write(batch);
    }
  }

  #isFull = () => this.#queuedLines >= this.#options.batchLines || this.#queuedBytes >= this.#options.batchBytes;
  #lingerLeft(): number {
    const linger = Math.min(this.#options.lingerMs, Math.max(0, ...this.#writeMs.values()) * LINGER_SHARE);
    return Math.ceil(linger - (performance.now() - this.#waitingSince));
  }

  /** Drops bodies already answered with 503; their robots will send them again. */
  #nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let [lines, bytes] = [0, 0];
    const waitedMs: Partial<Record<Lane, number>> = {};
    this.#queue.turn();
    const fits = (next: Waiting) =>
      batch.length === 0 ||
      (lines + next.lines.count <= this.#options.batchLines && bytes + next.hold.bytes <= this.#options.batchBytes);
    for (let next = this.#queue.shift(fits); next; next = this.#queue.shift(fits)) {
      this.#queuedLines -= next.lines.count;
      this.#queuedBytes -= next.hold.bytes;
      waitedMs[next.lane] = Math.max(waitedMs[next.lane] ?? 0, performance.now() - next.since);
      if (next.settled) {
        next.hold.release();
        continue;
      }
      batch.push(next);
      lines += next.lines.count;
      bytes += next.hold.bytes;
    }
    Object.assign(this.#lastWaitMs, waitedMs);
    this.#waitingSince = performance.now();
    return batch;
  }

  async #write(batch: Waiting[]): Promise<void> {
    this.#inFlight++;
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    const started = performance.now();
    try {
      this.#deps.telemetry.batch(batch.map(({ since, lines }) => ({ waitedMs: started - since, lines: lines.count })));
      const allowed = await Promise.race([this.#recheck(batch), timeout(signal)]);
      // Parts of the store do not wait for one another: what one of them has is answered at once.
      const parts = Map.groupBy(allowed, ({ robotId }) => this.#deps.store.partOf(robotId));
      await Promise.all([...parts].map(([part, some]) => this.#writePart(part, some, started, signal)));
    } catch (error) {
      for (const waiting of batch) waiting.reject(signal.aborted ? storeAway() : error);
    } finally {
      this.#inFlight--;
      for (const { hold } of batch) hold.release();
      this.#pump();
    }
  }

  /** Rejects those whose token is no longer good. @returns the others */
  async #recheck(batch: Waiting[]): Promise<Allowed[]> {
    const robots = await recheckReporting(this.#deps.db, batch);
    return batch.flatMap((waiting) => {
      const robot = robots.get(waiting.tokenHash);
      // The token may be another robot's by now, but the lines are stamped with this one's identity.
      if (robot?.id === waiting.robot.id)
        return [{ waiting, robot, robotId: robot.id, lines: waiting.lines, refused: waiting.refused }];
      waiting.reject(notReporting());
      return [];
    });
  }

  async #writePart(part: number, allowed: Allowed[], started: number, signal: AbortSignal): Promise<void> {
    try {
      await Promise.race([this.#send(allowed, signal), timeout(signal)]);
    } catch (error) {
      for (const { waiting } of allowed) waiting.reject(signal.aborted ? storeAway() : error);
    } finally {
      const meanMs = this.#writeMs.get(part) ?? 0;
      this.#writeMs.set(part, meanMs + (performance.now() - started - meanMs) * SMOOTHING);
    }
  }

  async #send(allowed: Allowed[], signal: AbortSignal): Promise<void> {
    const { store, arrivals, telemetry } = this.#deps;
    const began = performance.now();
    const late = await store.write(allowed, signal);
    telemetry.upstream(performance.now() - began);
    const accepted = allowed.flatMap(({ waiting, robot, lines, refused: early }, i) => {
      const outcome = late[i] ?? NOTHING;
      if (!(outcome instanceof Error)) return [{ waiting, robot, lines, refused: merged(early, outcome) }];
      waiting.reject(outcome);
      return [];
    });
    await arrivals.record(accepted);
    for (const { waiting, robot, refused } of accepted) waiting.resolve({ robot, refused });
    telemetry.stored(accepted.reduce((sum, { lines, refused }) => sum + lines.count - refused.size, 0));
  }
}

const NOTHING: Refusals = new Map();
const merged = (some: Refusals, more: Refusals): Refusals =>
  more.size === 0 ? some : some.size === 0 ? more : new Map([...some, ...more]);

function timeout(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(storeAway()), { once: true }));
}
