import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Viewer } from '../robots/index.ts';
import type { Readable } from './prelude.ts';

/**
 * The robots whose data the viewer may read at this moment, in one value: a row for each would take longer.
 * @param only ids to look among; all when undefined
 */
export async function readableRobots(db: Db, viewer: Viewer, only?: number[]): Promise<Readable> {
  if (viewer.role === 'admin') return 'all';
  if (only) {
    const query = db.selectFrom('robots').select('id').where('owner_id', '=', viewer.id);
    const rows = await query.where('id', '=', sql<number>`any(${only}::int[])`).execute();
    return { ids: rows.map(({ id }) => id), others: Number.POSITIVE_INFINITY };
  }
  // Only as many of all robots are counted as tell whether the viewer owns most of them.
  const { rows } = await sql<{ ids: string | null; robots: number }>`
    with own as (select id from robots where owner_id = ${viewer.id})
    select (select string_agg(id::text, ',' order by id) from own) as ids,
      (select count(*) from (select from robots limit (select 2 * count(*) from own)) as counted)::int as robots`.execute(
    db,
  );
  const { ids, robots = 0 } = rows[0] ?? {};
  const own = ids ? ids.split(',').map(Number) : [];
  return { ids: own, others: robots - own.length };
}
