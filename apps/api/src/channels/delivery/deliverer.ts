import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelKind, Database } from '../../db/schema.ts';
import { AppError } from '../../errors.ts';
import type { Attempts } from '../../http/attempts.ts';
import { openSecrets } from '../change-channels.ts';
import { writeLetter } from '../messages/write-letter.ts';
import type { News } from '../news.ts';
import { queueAny } from '../queue-store.ts';
import type { Send } from '../senders/sender.ts';
import { Undelivered } from '../undelivered.ts';
import { backOff } from './back-off.ts';
import * as store from './delivery-store.ts';
import { planTurn, type Turn } from './plan-turn.ts';
import { quietUntil } from './quiet-hours.ts';

export type Outcome = 'sent' | 'failed' | 'refused' | 'given_up';

export interface DelivererDeps {
  db: Database;
  sealKey: Buffer;
  send: Partial<Record<ChannelKind, Send>>;
  publicUrl: string;
  /** Seconds. */
  groupWait: number;
  /** How many e-mails a person's alerts may send: anybody's address can be given. */
  mails: Attempts;
  onOutcome(kind: ChannelKind, outcome: Outcome, notifications: number): void;
  onError(error: unknown): void;
}

/** The whole of a sending; the lease is longer, so that it holds while something is sent. */
const SEND_MS = 20_000;
const LEASE_S = 60;
/** A webhook that takes one message after the other gets them this long under one lease. */
const SPREE_MS = 5_000;
const GIVE_UP_S = 86_400;
/** A channel that fails this long is told of, at once if it was refused for good. */
const TELL_AFTER_S = 300;
const AT_ONCE = 64;
const AT_ONCE_EACH = 8;
const CLOSE_MS = 5_000;
/** Notifications looked at for one message. */
const LIMIT = { each: 50, grouped: 1_000 };

interface Sending {
  channel: store.ClaimedChannel;
  key: string;
  ids: string[];
  /** This one included. */
  attempts: number;
  news: News[];
  following: Turn['following'];
}

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id);

/** Sends what is due, on each replica: they share the channels. */
export class Deliverer {
  #deps: DelivererDeps;
  #holder = randomUUID();
  #sending = new Map<Promise<void>, store.ClaimedChannel>();
  #stop = new AbortController();
  #claiming = false;
  #again = false;
  #isClosed = false;

  constructor(deps: DelivererDeps) {
    this.#deps = deps;
  }

  /** Begins to send whatever is due and there is room for; does not wait until it is sent. */
  async run(): Promise<void> {
    this.#again = true;
    if (this.#claiming) return;
    this.#claiming = true;
    try {
      while (this.#again && !this.#isClosed) {
        this.#again = false;
        while (this.#sending.size < AT_ONCE && !this.#isClosed && (await this.#next()));
      }
    } finally {
      this.#claiming = false;
    }
  }

  /** Waits for what is being sent, a few seconds; what is then cut off is sent again later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const timer = setTimeout(() => this.#stop.abort(), CLOSE_MS);
    while (this.#claiming || this.#sending.size > 0) await Promise.race([...this.#sending.keys(), sleep(20)]);
    clearTimeout(timer);
  }

  async #next(): Promise<boolean> {
    const claimed = await this.#claim();
    if (!claimed) return false;
    if (claimed === 'nothing') return true;
    const work = this.#deliver(claimed)
      .catch((error) => this.#deps.onError(error))
      .finally(() => {
        this.#sending.delete(work);
        if (!this.#isClosed) this.run().catch((error) => this.#deps.onError(error));
      });
    this.#sending.set(work, claimed.channel);
    return true;
  }

  /** In one transaction: the lease, what to send, and that it is tried. */
  #claim(): Promise<Sending | 'nothing' | undefined> {
    const { db, groupWait: groupWaitS } = this.#deps;
    const holder = this.#holder;
    return db.transaction().execute(async (tx) => {
      const claim = { holder, leaseS: LEASE_S, groupWaitS, ...this.#busy() };
      const channel = await store.claimChannel(tx, claim);
      if (!channel) return undefined;
      const waiting = await store.waitingFor(tx, channel.id, channel.sends_each ? LIMIT.each : LIMIT.grouped);
      const until = channel.quiet_hours && quietUntil(channel.quiet_hours, new Date());
      const turn = planTurn(waiting, { isQuiet: Boolean(until), isGrouping: !channel.sends_each });
      if (until) await store.holdUntil(tx, idsOf(turn.held), until);
      await store.deleteNotifications(tx, idsOf(turn.dropped));
      if (!turn.message) {
        // What waits is behind something that was put off.
        await store.release(tx, channel.id, holder, 1);
        return 'nothing';
      }
      const { rows, key = null } = turn.message;
      const ids = idsOf(rows);
      const delivery = key ?? randomUUID();
      await store.noteAttempt(tx, ids, delivery);
      const attempts = 1 + Math.max(...rows.map((row) => row.attempts));
      const news = rows.map(({ news }) => news);
      return { channel, key: delivery, ids, attempts, news, following: turn.following };
    });
  }

  /** Those that have as much under way as they may. */
  #busy() {
    const over = <Key>(read: (channel: store.ClaimedChannel) => Key) =>
      [...Map.groupBy(this.#sending.values(), read)]
        .filter(([, all]) => all.length >= AT_ONCE_EACH)
        .map(([key]) => key);
    return { busyHosts: over(({ host }) => host), busyUsers: over(({ user_id }) => user_id) };
  }

  /** Sends the message, and those that may follow while all goes well. */
  async #deliver(first: Sending): Promise<void> {
    const { channel } = first;
    const end = performance.now() + SPREE_MS;
    let sending = first;
    for (const { row, dropped } of first.following) {
      const error = await this.#send(channel, sending.key, sending.news);
      // That a channel works again is noted at once.
      const mayGoOn = channel.failures === 0 && performance.now() < end && !this.#isClosed;
      if (error || !mayGoOn) return this.#note(sending, error);
      const next = { ...sending, key: randomUUID(), ids: [row.id], attempts: 1, news: [row.news] };
      const step = { channelId: channel.id, holder: this.#holder, sent: sending.ids, leftS: 2 * (SEND_MS / 1000) };
      const goesOn = await store.goOn(this.#deps.db, { ...step, next: row.id, dropped: idsOf(dropped), key: next.key });
      if (!goesOn) return this.#note(sending, undefined);
      this.#deps.onOutcome(channel.kind, 'sent', sending.ids.length);
      sending = next;
    }
    await this.#note(sending, await this.#send(channel, sending.key, sending.news));
  }

  /** @param error why it was not taken */
  async #note({ channel, ids, attempts }: Sending, error: Undelivered | undefined): Promise<void> {
    const { db } = this.#deps;
    const outcome = await db.transaction().execute(async (tx): Promise<Outcome> => {
      // We are closing: nobody knows whether it arrived, so it is sent again with its key, by whoever comes next.
      if (error && this.#stop.signal.aborted) {
        await store.release(tx, channel.id, this.#holder, 0);
        return 'failed';
      }
      if (!error) {
        await store.deleteNotifications(tx, ids);
        await store.noteSent(tx, channel.id, this.#holder);
        return 'sent';
      }
      const wait = (failures: number) => Math.min(GIVE_UP_S, Math.max(backOff(failures), error.retryAfter ?? 0));
      await store.noteFailure(tx, channel.id, this.#holder, error.message, wait(channel.failures + 1));
      if (error.isFinal) await store.deleteNotifications(tx, ids);
      const givenUp = error.isFinal ? 0 : await store.putOff(tx, ids, wait(attempts), GIVE_UP_S);
      await this.#tellOwner(tx, channel, error);
      return error.isFinal ? 'refused' : givenUp > 0 ? 'given_up' : 'failed';
    });
    this.#deps.onOutcome(channel.kind, outcome, ids.length);
  }

  /** @returns why it was not taken */
  async #send(channel: store.ClaimedChannel, key: string, news: News[]): Promise<Undelivered | undefined> {
    const { sealKey, send } = this.#deps;
    const sender = send[channel.kind];
    if (!sender) return new Undelivered('This server is not set up for this kind of channel.');
    const tooMany = channel.kind === 'email' ? await this.#spendMail(channel.user_id) : undefined;
    if (tooMany) return tooMany;
    const target = { settings: channel.settings, secrets: openSecrets(sealKey, channel.encrypted_secrets) };
    const letter = letterTo(channel, news, this.#deps.publicUrl);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(SEND_MS)]);
    try {
      await sender(target, { key, news, letter }, signal);
      return undefined;
    } catch (error) {
      if (error instanceof Undelivered) return error;
      this.#deps.onError(error);
      return new Undelivered('The message could not be written.');
    }
  }

  async #spendMail(userId: number): Promise<Undelivered | undefined> {
    try {
      await this.#deps.mails.spend(userId);
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { retryAfter } = error.extras;
      return new Undelivered('Your alerts have sent as many e-mails within an hour as they may.', { retryAfter });
    }
  }

  async #tellOwner(tx: Parameters<typeof queueAny>[0], channel: store.ClaimedChannel, error: Undelivered) {
    const other = await store.channelToTell(tx, channel.id, error.isFinal ? 0 : TELL_AFTER_S);
    if (other === undefined) return;
    const { id, name, kind } = channel;
    const since = (channel.failing_since ?? new Date()).toISOString();
    await queueAny(
      tx,
      [other],
      [{ what: 'channel_failing', channel: { id, name, kind }, since, error: error.message }],
    );
  }
}

export const letterTo = (
  { language, time_zone }: Pick<store.ClaimedChannel, 'language' | 'time_zone'>,
  news: News[],
  publicUrl: string,
) => writeLetter(news, { language, timeZone: time_zone, publicUrl, now: new Date() });

/** A stale message is worse than none. */
export const giveUpStale = async ({ db, onOutcome }: Pick<DelivererDeps, 'db' | 'onOutcome'>): Promise<void> => {
  for (const { kind, count } of await store.deleteStale(db, GIVE_UP_S)) onOutcome(kind, 'given_up', count);
};
