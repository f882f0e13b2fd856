import type { Logger } from 'pino';
import type { AppError, ErrorCode } from '../errors.ts';
import { isOurFault } from './problem.ts';

const EVERY_MS = 10_000;

type Log = Pick<Logger, 'warn' | 'error'>;

/**
 * Logs requests that failed. While the database or the metrics store is away, every request fails for the same known reason: that
 * is one line in ten seconds, without a stack.
 */
export class FailureLog {
  #log: Log;
  #spoken = new Map<ErrorCode, { at: number; unsaid: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param error as thrown. @param known what it is answered with */
  note(error: unknown, known: AppError, reqId: string): void {
    if (!isOurFault(known)) return;
    if (known.status !== 503) return void this.#log.error({ err: error, reqId }, 'request failed');
    const spoken = this.#spoken.get(known.code);
    if (spoken && performance.now() - spoken.at < EVERY_MS) return void spoken.unsaid++;
    this.#spoken.set(known.code, { at: performance.now(), unsaid: 0 });
    const reason = (error as Error).message;
    const before = spoken?.unsaid ? { unsaid: spoken.unsaid } : {};
    this.#log.warn({ code: known.code, reason, reqId, ...before }, 'requests are refused for now');
  }
}
