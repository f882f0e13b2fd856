import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import { type AlertNews, isOfAlert, type News } from './news.ts';

/**
 * Queues news for channels, in the transaction that changes the alerts. Each channel gets them in the order given;
 * channels that are gone, or whose owner is deactivated, get none.
 */
export const queueNews = (tx: Db, channelIds: number[], news: AlertNews[]): Promise<void> =>
  queueAny(tx, channelIds, news);

export async function queueAny(tx: Db, channelIds: number[], news: News[]): Promise<void> {
  if (channelIds.length === 0 || news.length === 0) return;
  const texts = news.map((one) => JSON.stringify(one));
  const alerts = news.map((one) => (isOfAlert(one) ? one.alertId : null));
  await sql`
    insert into alert_notifications (channel_id, alert_id, news)
    select channel.id, one.alert_id, one.news
    from unnest(${texts}::jsonb[], ${alerts}::bigint[]) with ordinality as one (news, alert_id, place)
    cross join alert_channels as channel
    join users on users.id = channel.user_id and users.is_active
    where channel.id = any(${channelIds}::integer[])
    order by one.place, channel.id`.execute(tx);
}

/** Takes back what has not been tried yet, as of alerts that nobody watches any more. @param alertIds bigints, as digits */
export async function dropNews(tx: Db, alertIds: string[]): Promise<void> {
  if (alertIds.length === 0) return;
  // What is being sent is locked, and goes out.
  await sql`
    delete from alert_notifications where id in (
      select id from alert_notifications where alert_id = any(${alertIds}::bigint[]) and delivery is null
      for update skip locked
    )`.execute(tx);
}

/** @returns those of the channels that are the user's, in the order given */
export async function ownChannelIds(db: Db, userId: number, ids: number[]): Promise<number[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('alert_channels')
    .select('id')
    .where('user_id', '=', userId)
    .where('id', 'in', ids)
    .execute();
  const own = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => own.has(id));
}
