import { type Kysely, sql } from 'kysely';

/**
 * Where alerts are sent, and what waits to be sent there. One replica at a time sends for a channel: the holder of its
 * lease. Notifications with the same `delivery` make one message, whose key that is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table alert_channels (
      id integer primary key generated always as identity,
      user_id integer not null references users on delete cascade,
      kind text not null check (kind in ('email', 'telegram', 'ntfy', 'webhook', 'webpush')),
      name varchar(255) not null,
      settings jsonb not null,
      encrypted_secrets bytea,
      host text not null,
      language text not null check (language in ('en', 'ru')),
      time_zone text not null,
      quiet_hours jsonb,
      created_at timestamptz not null default now(),
      tested_at timestamptz,
      last_sent_at timestamptz,
      failing_since timestamptz,
      failures integer not null default 0,
      last_error text,
      told_at timestamptz,
      retry_at timestamptz not null default now(),
      holder uuid,
      held_until timestamptz
    );
    create index alert_channels_user on alert_channels (user_id);

    create table alert_notifications (
      id bigint primary key generated always as identity,
      channel_id integer not null references alert_channels on delete cascade,
      alert_id bigint,
      news jsonb not null,
      created_at timestamptz not null default now(),
      due_at timestamptz not null default now(),
      attempts integer not null default 0,
      first_tried_at timestamptz,
      delivery uuid
    );
    create index alert_notifications_channel on alert_notifications (channel_id, alert_id, id);
    create index alert_notifications_due on alert_notifications (due_at);

    create table push_keys (
      id integer primary key check (id = 1),
      public_key text not null,
      encrypted_private_key bytea not null,
      created_at timestamptz not null default now()
    );
  `.execute(db);
}
