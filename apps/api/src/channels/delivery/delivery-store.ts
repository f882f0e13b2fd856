import { sql } from 'kysely';
import type { ChannelKind, Db } from '../../db/schema.ts';
import type { WholeChannel } from '../channel-store.ts';
import type { Waiting } from './plan-turn.ts';

export interface Claim {
  holder: string;
  leaseS: number;
  /** How long news wait for others to go into the same message. */
  groupWaitS: number;
  busyHosts: string[];
  busyUsers: number[];
}

/** Each alert is a message of its own there. */
const SENDS_EACH = sql<boolean>`(channel.kind = 'webhook' and channel.settings ->> 'format' = 'json')`;

const RELEASED = sql`holder = null, held_until = null`;
const mine = (id: number, holder: string) => sql`id = ${id} and holder = ${holder}`;

export type ClaimedChannel = WholeChannel & { sends_each: boolean };

/** Leases a channel that has something due, so that no other replica sends for it. */
export async function claimChannel(tx: Db, claim: Claim): Promise<ClaimedChannel | undefined> {
  const { rows } = await sql<ClaimedChannel>`
    update alert_channels as channel
    set holder = ${claim.holder}, held_until = now() + make_interval(secs => ${claim.leaseS})
    where id = (
      select channel.id from alert_channels as channel
      join users on users.id = channel.user_id and users.is_active
      where (channel.held_until is null or channel.held_until <= now()) and channel.retry_at <= now()
        and channel.host <> all(${claim.busyHosts}::text[]) and channel.user_id <> all(${claim.busyUsers}::integer[])
        and exists (
          select from alert_notifications as waiting
          where waiting.channel_id = channel.id and waiting.due_at <= now()
            and (${SENDS_EACH} or waiting.delivery is not null
              or waiting.due_at <= now() - make_interval(secs => ${claim.groupWaitS}))
        )
      order by channel.retry_at, channel.id limit 1
      for no key update of channel skip locked
    )
    returning channel.*, ${SENDS_EACH} as sends_each`.execute(tx);
  return rows[0];
}

/** What waits for the channel, in the order it was queued; of much, what is due and was tried least. */
export async function waitingFor(tx: Db, channelId: number, limit: number): Promise<Waiting[]> {
  const { rows } = await sql<Omit<Waiting, 'isNext'> & { first: string | null }>`
    select id, alert_id as "alertId", news, due_at <= now() as "isDue", attempts, delivery,
      (select min(other.id) from alert_notifications as other
       where other.channel_id = waiting.channel_id and other.alert_id = waiting.alert_id) as first
    from alert_notifications as waiting where channel_id = ${channelId}
    order by due_at <= now() desc, attempts, id limit ${limit}`.execute(tx);
  const taken = new Set(rows.map(({ id }) => id));
  return rows
    .map(({ first, ...row }) => ({ ...row, isNext: first === null || taken.has(first) }))
    .sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
}

/** Marks the notifications as parts of this message, before it is sent. */
export async function noteAttempt(tx: Db, ids: string[], key: string): Promise<void> {
  await sql`
    update alert_notifications set delivery = ${key}, attempts = attempts + 1,
      first_tried_at = coalesce(first_tried_at, now())
    where id = any(${ids}::bigint[])`.execute(tx);
}

export interface Step {
  channelId: number;
  holder: string;
  /** What has just been sent. */
  sent: string[];
  next: string;
  /** Told by the next one. */
  dropped: string[];
  key: string;
  /** How long the lease must still last, seconds. */
  leftS: number;
}

/**
 * Forgets what was sent and marks the next notification as a message, in one statement: never more than one message of a channel is in
 * doubt. @returns false when there is no next one, or the lease is too short for it
 */
export async function goOn(db: Db, { channelId, holder, sent, next, dropped, key, leftS }: Step): Promise<boolean> {
  const { rows } = await sql`
    with mine as (
      select from alert_channels where ${mine(channelId, holder)} and held_until > now() + make_interval(secs => ${leftS})
    ), gone as (
      delete from alert_notifications
      where id = any(${sent}::bigint[]) or (id = any(${dropped}::bigint[]) and exists (select from mine))
    )
    update alert_notifications set delivery = ${key}, attempts = attempts + 1,
      first_tried_at = coalesce(first_tried_at, now())
    where id = ${next} and exists (select from mine) returning id`.execute(db);
  return rows.length > 0;
}

export async function holdUntil(tx: Db, ids: string[], until: Date): Promise<void> {
  await sql`update alert_notifications set due_at = ${until} where id = any(${ids}::bigint[])`.execute(tx);
}

export async function deleteNotifications(tx: Db, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from alert_notifications where id = any(${ids}::bigint[])`.execute(tx);
}

/** @param waitS until the channel is looked at again */
export async function release(tx: Db, id: number, holder: string, waitS: number): Promise<void> {
  await sql`
    update alert_channels set ${RELEASED}, retry_at = now() + make_interval(secs => ${waitS})
    where ${mine(id, holder)}`.execute(tx);
}

export async function noteSent(tx: Db, id: number, holder: string): Promise<void> {
  await sql`
    update alert_channels set last_sent_at = now(), failing_since = null, failures = 0, last_error = null,
      told_at = null, retry_at = now()
    where id = ${id}`.execute(tx);
  await sql`update alert_channels set ${RELEASED} where ${mine(id, holder)}`.execute(tx);
}

/** @param waitS until the channel is tried again */
export async function noteFailure(tx: Db, id: number, holder: string, error: string, waitS: number): Promise<void> {
  await sql`
    update alert_channels set failing_since = coalesce(failing_since, now()), failures = failures + 1,
      last_error = ${error}, retry_at = now() + make_interval(secs => ${waitS}), ${RELEASED}
    where ${mine(id, holder)}`.execute(tx);
}

/**
 * Puts a message off; once it was tried for long enough, deletes it.
 * @returns the number of notifications given up
 */
export async function putOff(tx: Db, ids: string[], waitS: number, giveUpS: number): Promise<number> {
  const { rows } = await sql`
    delete from alert_notifications
    where id = any(${ids}::bigint[]) and exists (
      select from alert_notifications
      where id = any(${ids}::bigint[]) and first_tried_at < now() - make_interval(secs => ${giveUpS}))
    returning id`.execute(tx);
  await sql`
    update alert_notifications set due_at = now() + make_interval(secs => ${waitS})
    where id = any(${ids}::bigint[])`.execute(tx);
  return rows.length;
}

/** What would come too late: for channels that have failed this long, and of people who are deactivated. */
export async function deleteStale(db: Db, giveUpS: number): Promise<{ kind: ChannelKind; count: number }[]> {
  const { rows } = await sql<{ kind: ChannelKind; count: number }>`
    with gone as (
      delete from alert_notifications as waiting using alert_channels as channel, users
      where channel.id = waiting.channel_id and users.id = channel.user_id
        and (not users.is_active or (
          channel.failing_since < now() - make_interval(secs => ${giveUpS})
          and waiting.due_at < now() - make_interval(secs => ${giveUpS})))
      returning channel.kind
    )
    select kind, count(*)::integer as count from gone group by kind`.execute(db);
  return rows;
}

/** Another channel of the same person, that works: the one that was used last. Marks the failing one as told of. */
export async function channelToTell(tx: Db, failing: number, failingS: number): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    select other.id from alert_channels as channel
    join alert_channels as other on other.user_id = channel.user_id and other.id <> channel.id
    where channel.id = ${failing} and channel.told_at is null
      and channel.failing_since <= now() - make_interval(secs => ${failingS}) and other.failing_since is null
    order by other.last_sent_at desc nulls last, other.tested_at desc nulls last, other.id limit 1`.execute(tx);
  if (!rows[0]) return undefined;
  await sql`update alert_channels set told_at = now() where id = ${failing}`.execute(tx);
  return rows[0].id;
}

export async function countWaiting(db: Db): Promise<{ waiting: number; oldestSeconds: number }> {
  const { rows } = await sql<{ waiting: number; oldestSeconds: number }>`
    select count(*)::integer as waiting,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float as "oldestSeconds"
    from alert_notifications`.execute(db);
  return rows[0] ?? { waiting: 0, oldestSeconds: 0 };
}
