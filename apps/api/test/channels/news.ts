import { sql } from 'kysely';
import { type AlertNews, queueNews } from '../../src/channels/index.ts';
import type { Database } from '../../src/db/schema.ts';

let alerts = 0;

/** News of a new alert, or with `alertId` of one that is known. */
export const news = (what: AlertNews['what'], more: Partial<AlertNews> = {}): AlertNews => ({
  ...{ alertId: String(++alerts), what, rule: { id: 3, name: 'Silent' }, robot: { id: 5, name: 'crane' } },
  ...{ severity: 'warning', value: null, since: '2030-06-05T11:03:00Z', condition: { kind: 'offline', after_s: 60 } },
  ...(what === 'resolved' && { resolvedAt: '2030-06-05T11:20:00Z' }),
  ...more,
});

export const queue = (db: Database, channels: number[], all: AlertNews[]) =>
  db.transaction().execute((tx) => queueNews(tx, channels, all));

/** As if the time had passed that channels, what was tried and leases have to wait. */
export async function passTime(db: Database): Promise<void> {
  await sql`update alert_channels set retry_at = now()`.execute(db);
  await sql`update alert_notifications set due_at = now() where attempts > 0`.execute(db);
}

export const waiting = (db: Database, channel: number) =>
  db.selectFrom('alert_notifications').selectAll().where('channel_id', '=', channel).orderBy('id').execute();
