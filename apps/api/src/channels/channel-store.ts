import { sql } from 'kysely';
import type { ChannelKind, Database, Db, Language, QuietHours } from '../db/schema.ts';

const ANSWERED = [
  'id',
  'kind',
  'name',
  'settings',
  'language',
  'time_zone',
  'quiet_hours',
  'created_at',
  'tested_at',
  'last_sent_at',
  'failing_since',
  'last_error',
  // Of Web Push it is how the browser is reached, not a secret that somebody gave.
  sql<boolean>`(encrypted_secrets is not null and kind in ('ntfy', 'webhook'))`.as('has_secret'),
] as const;

export interface ChannelValues {
  name: string;
  settings: Record<string, string>;
  encrypted_secrets: Buffer | null;
  host: string;
  language: Language;
  time_zone: string;
  quiet_hours: QuietHours | null;
}

export const listChannels = (db: Db, userId: number) =>
  db.selectFrom('alert_channels').select(ANSWERED).where('user_id', '=', userId).orderBy('id').execute();

export const findChannel = (db: Db, userId: number, id: number) =>
  db
    .selectFrom('alert_channels')
    .select(ANSWERED)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst();

/** With what is never answered; locked until the transaction ends. */
export const lockChannel = (tx: Db, userId: number, id: number) =>
  tx
    .selectFrom('alert_channels')
    .selectAll()
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();

export const findWholeChannel = (db: Db, userId: number, id: number) =>
  db.selectFrom('alert_channels').selectAll().where('user_id', '=', userId).where('id', '=', id).executeTakeFirst();

export type WholeChannel = NonNullable<Awaited<ReturnType<typeof findWholeChannel>>>;

export async function insertChannel(db: Db, userId: number, kind: ChannelKind, values: ChannelValues) {
  return db
    .insertInto('alert_channels')
    .values({ user_id: userId, kind, ...written(values) })
    .returning(ANSWERED)
    .executeTakeFirstOrThrow();
}

export async function updateChannel(db: Db, id: number, values: Partial<ChannelValues>) {
  return db
    .updateTable('alert_channels')
    .set(written(values))
    .where('id', '=', id)
    .returning(ANSWERED)
    .executeTakeFirstOrThrow();
}

const written = <Values extends Partial<ChannelValues>>({ settings, quiet_hours, ...rest }: Values) =>
  ({
    ...rest,
    ...(settings && { settings: JSON.stringify(settings) }),
    ...(quiet_hours !== undefined && { quiet_hours: quiet_hours && JSON.stringify(quiet_hours) }),
  }) as Omit<Values, 'settings' | 'quiet_hours'> & { settings: string; quiet_hours: string | null };

/** What failed is tried at once, and what waits for the end of quiet hours is considered anew. */
export async function startAfresh(tx: Db, id: number): Promise<void> {
  await tx
    .updateTable('alert_channels')
    .set({ failing_since: null, failures: 0, last_error: null, told_at: null, retry_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
  await sql`
    update alert_notifications set due_at = created_at where channel_id = ${id} and due_at > now()`.execute(tx);
}

/** @returns its name and kind, if the user had it; what waited for it is gone, too */
export const deleteChannel = (db: Db, userId: number, id: number) =>
  db
    .deleteFrom('alert_channels')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(['name', 'kind'])
    .executeTakeFirst();

/** A test that arrives shows that the channel works again: what waits for it is tried at once. */
export async function noteTest(db: Database, id: number, error: string | null): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (error === null) await startAfresh(tx, id);
    await tx
      .updateTable('alert_channels')
      .set(error === null ? { tested_at: sql<Date>`now()` } : { last_error: error })
      .where('id', '=', id)
      .execute();
  });
}
