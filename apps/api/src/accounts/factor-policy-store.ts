import { sql } from 'kysely';
import type { RequiredOf } from '../config/config.ts';
import type { Db } from '../db/schema.ts';

/** These need `users` in the query. */
export const hasApp = sql<boolean>`exists (
  select from totp_factors where totp_factors.user_id = users.id and totp_factors.confirmed_at is not null)`;
export const countPasskeys = sql<number>`(select count(*)::int from passkeys where passkeys.user_id = users.id)`;

/** Whether somebody has a second factor; `users` must be in the query. */
export const hasFactor = sql<boolean>`(
  ${hasApp}
  or exists (select from passkeys where passkeys.user_id = users.id))`;

/** Whether the policy requires one of somebody; `users` must be in the query. */
export const needsFactor = sql<boolean>`exists (
  select from second_factor_policy policy
  where policy.required = 'everyone' or policy.required = 'admins' and users.role = 'admin')`;

/**
 * Second factors of sessions begun elsewhere are the identity provider's business.
 * Whether a session may be used for nothing but setting up a second factor; `users` and `sessions` must be in the query.
 * The policy is in the database, so that whatever reads a session asks for this in the same query.
 */
export const lacksFactor = sql<boolean>`(not sessions.outside and ${needsFactor} and not ${hasFactor})`;

/** Called at each start. */
export async function setPolicy(db: Db, required: RequiredOf): Promise<void> {
  await db.updateTable('second_factor_policy').set({ required }).where('required', '<>', required).execute();
}

/** How an account's password sign-in goes on. */
export async function factorsOf(db: Db, userId: number) {
  return db
    .selectFrom('users')
    .select(needsFactor.as('required'))
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('totp_factors')
          .select('id')
          .whereRef('totp_factors.user_id', '=', 'users.id')
          .where('confirmed_at', 'is not', null),
      ).as('totp'),
    )
    .select(({ exists, selectFrom }) =>
      exists(selectFrom('passkeys').select('id').whereRef('passkeys.user_id', '=', 'users.id')).as('passkeys'),
    )
    .where('id', '=', userId)
    .executeTakeFirst();
}
