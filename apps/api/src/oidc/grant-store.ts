import { sql } from 'kysely';
import { lacksFactor } from '../accounts/index.ts';
import type { Db } from '../db/schema.ts';
import { sha256 } from '../secrets/secret-box.ts';

export interface StoredGrant {
  id: string;
  sessionId: string;
  clientId: string;
  payload: object;
  /** Seconds. */
  ttl: number;
}

/** Nothing is stored if the session has been ended meanwhile. */
export async function saveGrant(db: Db, { id, sessionId, clientId, payload, ttl }: StoredGrant): Promise<void> {
  await sql`
    insert into oidc_grants (id, session_id, client_id, payload, expires_at)
    select ${id}, ${sessionId}::uuid, ${clientId}, ${JSON.stringify(payload)}, now() + make_interval(secs => ${ttl})
    where exists (select from sessions where id = ${sessionId}::uuid for key share)
    on conflict (id) do update set payload = excluded.payload, expires_at = excluded.expires_at`.execute(db);
}

/** Grants of sessions that are still valid, whose users are active and need not set up a second factor first. */
const liveGrants = (db: Db) =>
  db
    .selectFrom('oidc_grants as grant')
    .innerJoin('sessions', 'sessions.id', 'grant.session_id')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .where('grant.expires_at', '>', sql<Date>`now()`)
    .where('sessions.expires_at', '>', sql<Date>`now()`)
    .where('users.is_active', '=', true)
    .where(({ not }) => not(lacksFactor));

export const findGrant = (db: Db, id: string) =>
  liveGrants(db).select(['grant.payload', 'grant.session_id']).where('grant.id', '=', id).executeTakeFirst();

/** Ends everything that was issued under it. */
export async function deleteGrant(db: Db, id: string): Promise<void> {
  await db.deleteFrom('oidc_grants').where('id', '=', id).execute();
}

/** Signs a user out of all apps, on all devices. */
export async function deleteGrantsOf(db: Db, userId: number): Promise<void> {
  await db
    .deleteFrom('oidc_grants')
    .using('sessions')
    .whereRef('sessions.id', '=', 'oidc_grants.session_id')
    .where('sessions.user_id', '=', userId)
    .execute();
}

/** The apps that have been opened through each of a user's sessions. @returns names of clients by session */
export async function appsBySession(db: Db, userId: number): Promise<Map<string, string[]>> {
  const rows = await liveGrants(db)
    .select(['grant.session_id', 'grant.client_id'])
    .distinct()
    .where('sessions.user_id', '=', userId)
    .orderBy('grant.client_id')
    .execute();
  const apps = new Map<string, string[]>();
  for (const { session_id, client_id } of rows) apps.set(session_id, [...(apps.get(session_id) ?? []), client_id]);
  return apps;
}

/** The user that a client's access token stands for at this moment. */
export const findTokenUser = (db: Db, clientId: string, accessToken: string) =>
  liveGrants(db)
    .innerJoin('oidc_artifacts as token', 'token.grant_id', 'grant.id')
    .select(['users.id', 'users.email', 'users.name', 'users.role'])
    .where('token.model', '=', 'AccessToken')
    .where('token.id', '=', sha256(accessToken))
    .where('token.expires_at', '>', sql<Date>`now()`)
    .where('grant.client_id', '=', clientId)
    .executeTakeFirst();
