import { type Kysely, sql } from 'kysely';

/** Accounts elsewhere that sign people in here, and the sessions begun through them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outside_identities (
      issuer text not null,
      subject text not null,
      user_id integer not null references users on delete cascade,
      email text,
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      primary key (issuer, subject),
      unique (user_id, issuer)
    );
    alter table sessions add column outside boolean not null default false;
    alter table sessions add column encrypted_id_token bytea;
    comment on column sessions.encrypted_id_token is 'of the identity provider, to sign out there';
  `.execute(db);
}
