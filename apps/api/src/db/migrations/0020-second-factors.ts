import { type Kysely, sql } from 'kysely';

/** Codes of an authenticator app, what replaces them once, and sign-ins that are half done. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table second_factor_policy (
      only_row boolean primary key default true check (only_row),
      required text not null check (required in ('none', 'admins', 'everyone'))
    );
    insert into second_factor_policy (required) values ('none');

    create table totp_factors (
      id uuid primary key,
      user_id integer not null unique references users on delete cascade,
      encrypted_secret bytea not null,
      last_step bigint not null default 0,
      created_at timestamptz not null default now(),
      confirmed_at timestamptz
    );
    comment on column totp_factors.last_step is 'the newest time step whose code was used: no code works twice';

    create table recovery_codes (
      hash text primary key,
      user_id integer not null references users on delete cascade
    );
    create index recovery_codes_user on recovery_codes (user_id);

    create table sign_in_challenges (
      hash text primary key,
      kind text not null,
      user_id integer references users on delete cascade,
      session_id uuid references sessions on delete cascade,
      payload jsonb not null default '{}',
      attempts integer not null default 0,
      expires_at timestamptz not null
    );
    comment on column sign_in_challenges.hash is 'SHA-256 (hex) of the challenge, never the challenge';
    create index sign_in_challenges_expiry on sign_in_challenges (expires_at);
    create index sign_in_challenges_user on sign_in_challenges (user_id) where user_id is not null;
    create index sign_in_challenges_session on sign_in_challenges (session_id) where session_id is not null;
  `.execute(db);
}
