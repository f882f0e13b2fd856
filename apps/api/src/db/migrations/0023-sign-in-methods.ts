import { type Kysely, sql } from 'kysely';

/** How each session was begun, and when each user last signed in. Unknown for what is older. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table sessions add column method text;
    update sessions set method = 'identity_provider' where outside;
    alter table users add column last_sign_in_at timestamptz;
    update users set last_sign_in_at = (
      select max(at) from (
        select created_at from sessions where user_id = users.id
        union all
        select at from audit_log where actor_id = users.id and action = 'auth.login'
      ) known(at)
    );
    create index audit_log_failed_login on audit_log (at) where action = 'auth.login_failed';
  `.execute(db);
}
