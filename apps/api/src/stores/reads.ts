import type { ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import { Turns } from '../scheduling/take-turns.ts';

/** A user's queued reads; further ones are refused. */
const MAX_WAITING = 40;

const tooSlow = (seconds: number) =>
  new AppError(
    'store_unavailable',
    `The query took longer than ${seconds} s. Ask for a shorter range or fewer fields, or try again later.`,
    { retryAfter: 10 },
  );

const readerGone = () => new AppError('request_timeout', 'The client closed the connection before the reply.');

/**
 * Limits users' reads of the metrics store: a number at once per user, each with a timeout, cancelled if the client
 * leaves.
 */
export class Reads {
  #perUser: number;
  #seconds: number;
  #users = new Map<number, { turns: Turns; reads: number }>();

  constructor({ perUser, timeout }: { perUser: number; timeout: number }) {
    this.#perUser = perUser;
    this.#seconds = timeout;
  }

  /**
   * @param work must stop when its signal aborts: on timeout, or when the client disconnects
   * @throws AppError rate_limited, store_unavailable, and what `work` throws
   */
  async run<Result>(
    { caller }: { caller: { id: number } },
    { raw }: { raw: ServerResponse },
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const user = this.#users.get(caller.id) ?? { turns: new Turns(this.#perUser), reads: 0 };
    if (user.reads >= this.#perUser + MAX_WAITING)
      throw new AppError('rate_limited', 'Too many reads at once. Wait for the pending replies.', { retryAfter: 5 });
    this.#users.set(caller.id, user);
    user.reads++;
    const gone = new AbortController();
    const onClose = () => gone.abort();
    raw.once('close', onClose);
    try {
      return await user.turns.take(0, () => this.#inTime(gone.signal, work));
    } finally {
      raw.off('close', onClose);
      if (--user.reads === 0) this.#users.delete(caller.id);
    }
  }

  async #inTime<Result>(gone: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (gone.aborted) throw readerGone();
    const late = AbortSignal.timeout(this.#seconds * 1000);
    try {
      return await work(AbortSignal.any([gone, late]));
    } catch (error) {
      if (gone.aborted) throw readerGone();
      throw late.aborted ? Object.assign(tooSlow(this.#seconds), { cause: error }) : error;
    }
  }
}
