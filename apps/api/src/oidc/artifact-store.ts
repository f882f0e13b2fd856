import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

export interface Artifact {
  model: string;
  /** Hash of what the browser or the app holds. */
  id: string;
  uid?: string;
  /** The session it ends with; undefined as long as nobody is signed in. */
  sessionId?: string;
  /** The grant it ends with. */
  grantId?: string;
  payload: object;
  /** Seconds. */
  ttl: number;
}

const inSeconds = (ttl: number) => sql<Date>`now() + make_interval(secs => ${ttl})`;

/** If its grant or session has been ended meanwhile, nothing is stored, so what was handed out is worthless. */
export async function saveArtifact(db: Db, { model, id, uid, sessionId, grantId, payload, ttl }: Artifact) {
  await sql`
    insert into oidc_artifacts (model, id, uid, session_id, grant_id, payload, expires_at)
    select ${model}, ${id}, ${uid ?? null}, ${sessionId ?? null}::uuid, ${grantId ?? null}, ${JSON.stringify(payload)},
      ${inSeconds(ttl)}
    where (${grantId ?? null}::text is null or exists (select from oidc_grants where id = ${grantId ?? null} for key share))
      and (${sessionId ?? null}::uuid is null or exists (select from sessions where id = ${sessionId ?? null}::uuid for key share))
    on conflict (model, id) do update set
      uid = excluded.uid, session_id = excluded.session_id, payload = excluded.payload, expires_at = excluded.expires_at`.execute(
    db,
  );
}

/** With the session that it belongs to, if it is still valid itself. */
export async function findArtifact(db: Db, model: string, by: { id: string } | { uid: string }) {
  const [column, value] = 'id' in by ? (['id', by.id] as const) : (['uid', by.uid] as const);
  return db
    .selectFrom('oidc_artifacts')
    .select(['payload', 'session_id', 'consumed_at'])
    .where('model', '=', model)
    .where(column, '=', value)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
}

/** @returns `used` if it had been used before, with the grant it belongs to */
export async function useArtifact(db: Db, model: string, id: string) {
  const first = await db
    .updateTable('oidc_artifacts')
    .set({ consumed_at: new Date() })
    .where('model', '=', model)
    .where('id', '=', id)
    .where('consumed_at', 'is', null)
    .returning('grant_id')
    .executeTakeFirst();
  if (first) return { used: false, grantId: first.grant_id };
  const query = db.selectFrom('oidc_artifacts').select('grant_id').where('model', '=', model).where('id', '=', id);
  return { used: true, grantId: (await query.executeTakeFirst())?.grant_id ?? null };
}

export async function deleteArtifact(db: Db, model: string, id: string): Promise<void> {
  await db.deleteFrom('oidc_artifacts').where('model', '=', model).where('id', '=', id).execute();
}

/** @returns how many rows of either table */
export async function deleteExpired(db: Db): Promise<number> {
  const expired = sql<Date>`now()`;
  const artifacts = await db.deleteFrom('oidc_artifacts').where('expires_at', '<', expired).executeTakeFirst();
  const grants = await db.deleteFrom('oidc_grants').where('expires_at', '<', expired).executeTakeFirst();
  return Number(artifacts.numDeletedRows + grants.numDeletedRows);
}
