import { type Kysely, sql } from 'kysely';

/** Keys that people's devices keep for signing in here. Only the public halves are here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table passkeys (
      id uuid primary key,
      user_id integer not null references users on delete cascade,
      user_handle text not null,
      credential_id text not null unique,
      public_key text not null,
      counter bigint not null,
      transports jsonb not null,
      name varchar(255) not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz
    );
    comment on column passkeys.user_handle is 'what devices know the account by: random, the same for all passkeys of a user';
    create index passkeys_user on passkeys (user_id);
  `.execute(db);
}
