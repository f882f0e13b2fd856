import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create type user_role as enum ('user', 'admin');
    create type architecture as enum ('arm64', 'amd64', 'armhf');
    create type robot_status as enum ('pending', 'active', 'inactive', 'error');
    create type pair_status as enum ('pending', 'confirmed', 'expired');

    create table users (
      id serial primary key,
      email varchar(255) not null unique check (email = lower(email)),
      hashed_password varchar(255) not null,
      name varchar(255) not null,
      role user_role not null default 'user',
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );

    create table robots (
      id serial primary key,
      name varchar(255) not null,
      hostname varchar(255) not null,
      ip_address varchar(45),
      architecture architecture,
      status robot_status not null default 'pending',
      influxdb_token text unique,
      owner_id integer references users (id),
      created_at timestamptz not null default now(),
      last_seen_at timestamptz,
      first_write_at timestamptz,
      clock_skew_ms bigint,
      agent_version varchar(64),
      error_reason text,
      announced_offline boolean not null default true
    ) with (fillfactor = 70);
    comment on column robots.influxdb_token is 'SHA-256 (hex) of the personal token, never the token';
    create index robots_owner on robots (owner_id);

    create table pair_codes (
      id serial primary key,
      code varchar(8) not null unique check (code ~ '^[0-9]{8}$'),
      robot_id integer not null references robots (id) on delete cascade,
      status pair_status not null default 'pending',
      expires_at timestamptz not null,
      created_at timestamptz not null default now(),
      poll_token_hash text not null,
      last_polled_at timestamptz,
      encrypted_token bytea
    );
    create index pair_codes_robot on pair_codes (robot_id);
    create index pair_codes_expiry on pair_codes (expires_at);

    create table sessions (
      id uuid primary key,
      user_id integer not null references users (id) on delete cascade,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null,
      address varchar(45),
      user_agent varchar(255)
    );
    create index sessions_user on sessions (user_id);
    create table refresh_tokens (
      hash text primary key,
      session_id uuid not null references sessions (id) on delete cascade,
      created_at timestamptz not null default now(),
      used_at timestamptz
    );
    create index refresh_tokens_session on refresh_tokens (session_id);
    create table one_time_links (
      hash text primary key,
      kind text not null check (kind in ('setup', 'invitation')),
      user_id integer references users (id) on delete cascade,
      expires_at timestamptz
    );
    create table signing_keys (
      id text primary key,
      encrypted_private_key bytea not null,
      public_jwk jsonb not null,
      created_at timestamptz not null default now(),
      retired_at timestamptz
    );

    create table audit_log (
      id bigserial primary key,
      at timestamptz not null default now(),
      actor_kind text not null check (actor_kind in ('user', 'robot', 'system')),
      actor_id integer,
      actor_name text,
      action text not null,
      target_kind text,
      target_id integer,
      target_name text,
      address varchar(45),
      request_id text,
      details jsonb not null default '{}'
    );
    create index audit_log_target on audit_log (target_kind, target_id);
    create index audit_log_actor on audit_log (actor_id);

    create table robot_purges (robot_id integer primary key, requested_at timestamptz not null default now());
  `.execute(db);
}
