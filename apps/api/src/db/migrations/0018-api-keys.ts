import { type Kysely, sql } from 'kysely';

/** Keys for people's scripts. A key that was made with another one ends with it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_keys (
      id uuid primary key,
      hash text not null unique,
      user_id integer not null references users on delete cascade,
      made_with uuid references api_keys on delete cascade,
      name varchar(255) not null,
      scope text not null check (scope in ('read', 'write')),
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      last_used_at timestamptz
    );
    create index api_keys_user on api_keys (user_id);
    create index api_keys_made_with on api_keys (made_with) where made_with is not null;
    create index api_keys_expiry on api_keys (expires_at) where expires_at is not null;
  `.execute(db);
}
