import type { Db } from '../db/schema.ts';
import type { Viewer } from '../robots/index.ts';
import type { Weekly } from './schemas.ts';

export interface Silence {
  id: number;
  owner_id: number;
  robot_id: number | null;
  labels: Record<string, string> | null;
  rule_id: number | null;
  until: Date | null;
  weekly: Weekly | null;
  comment: string;
  created_at: Date;
}

const COLUMNS = [
  'id',
  'owner_id',
  'robot_id',
  'labels',
  'rule_id',
  'until',
  'weekly',
  'comment',
  'created_at',
] as const;

/** Those of the viewer; administrators see all. */
export async function listSilences(db: Db, viewer: Viewer): Promise<Silence[]> {
  let query = db.selectFrom('alert_silences').select(COLUMNS).orderBy('id');
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return (await query.execute()) as unknown as Silence[];
}

export async function listAllSilences(db: Db): Promise<Silence[]> {
  return (await db.selectFrom('alert_silences').select(COLUMNS).execute()) as unknown as Silence[];
}

export type SilenceTerms = Omit<Silence, 'id' | 'owner_id' | 'created_at'>;

export async function insertSilence(db: Db, ownerId: number, terms: SilenceTerms): Promise<Silence> {
  const { labels, weekly, ...rest } = terms;
  const texts = { labels: labels && JSON.stringify(labels), weekly: weekly && JSON.stringify(weekly) };
  return (await db
    .insertInto('alert_silences')
    .values({ ...rest, ...texts, owner_id: ownerId })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()) as unknown as Silence;
}

/** @returns the silence, unless the viewer may not see it */
export async function deleteSilence(db: Db, viewer: Viewer, id: number): Promise<Silence | undefined> {
  let query = db.deleteFrom('alert_silences').where('id', '=', id).returning(COLUMNS);
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return (await query.executeTakeFirst()) as unknown as Silence | undefined;
}

export async function listAdmins(db: Db): Promise<Set<number>> {
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('is_active', '=', true)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
