import { type Kysely, sql } from 'kysely';

/** What the OpenID provider keeps. Deleting a session deletes everything that apps got through it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table oidc_keys (
      id text primary key,
      kind text not null check (kind in ('signing', 'cookies')),
      encrypted_key bytea not null,
      created_at timestamptz not null default now(),
      retired_at timestamptz
    );

    create table oidc_grants (
      id text primary key,
      session_id uuid not null references sessions (id) on delete cascade,
      client_id text not null,
      payload jsonb not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    );
    create index oidc_grants_session on oidc_grants (session_id);
    create index oidc_grants_expiry on oidc_grants (expires_at);

    create table oidc_artifacts (
      model text not null,
      id text not null,
      uid text,
      session_id uuid references sessions (id) on delete cascade,
      grant_id text references oidc_grants (id) on delete cascade,
      payload jsonb not null,
      created_at timestamptz not null default now(),
      consumed_at timestamptz,
      expires_at timestamptz not null,
      primary key (model, id)
    );
    comment on column oidc_artifacts.id is 'SHA-256 (hex) of the token, never the token';
    create index oidc_artifacts_uid on oidc_artifacts (uid) where uid is not null;
    create index oidc_artifacts_session on oidc_artifacts (session_id) where session_id is not null;
    create index oidc_artifacts_grant on oidc_artifacts (grant_id) where grant_id is not null;
    create index oidc_artifacts_expiry on oidc_artifacts (expires_at);
  `.execute(db);
}
