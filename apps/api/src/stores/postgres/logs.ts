import { sql } from 'kysely';
import { decodeCursor, MAX, pageOf, textKey, wholeKey } from '../../db/pagination.ts';
import type { Db } from '../../db/schema.ts';
import { rfc3339 } from '../log-time.ts';
import { type LogQuery, MAX_TEXT_BYTES } from '../metrics-store.ts';
import { ns } from './nanoseconds.ts';

/** Bytes of an entry's texts, which limit a page; the first entry always fits. */
const size = sql`octet_length(message) + coalesce(octet_length(program), 0) + coalesce(octet_length(level), 0)`;

export async function queryLogs(db: Db, { robotId, from, to, level, program, q, limit, cursor }: LogQuery) {
  let query = db
    .selectFrom('log_entries')
    .select(['time', 'digest', 'level', 'program', 'message'])
    .where('robot_id', '=', robotId)
    .where('time', '>=', ns(from))
    .where('time', '<', ns(to))
    .orderBy('time', 'desc')
    .orderBy('digest', 'desc')
    .limit(limit + 1);
  if (level?.length)
    query = query.where(
      sql`lower(level)`,
      'in',
      level.map((one) => one.toLowerCase()),
    );
  if (program) query = query.where('program', '=', program);
  if (q) query = query.where('message', 'ilike', `%${q.replace(/[\\%_]/g, '\\$&')}%`);
  const keys = decodeCursor(cursor);
  if (keys) {
    const [time, digest] = [wholeKey(keys[0], MAX.bigint), textKey(keys[1])];
    query = query.where(sql<boolean>`(time, digest) < (${time}::bigint, ${digest})`);
  }
  const { rows } = await sql<LogRow>`
    select time, digest, level, program, message, entries from (
      select found.*, count(*) over () as entries, sum(size) over (order by time desc, digest desc) - size as before
      from (select entry.*, ${size} as size from (${query}) as entry) as found
    ) as sized where before < ${MAX_TEXT_BYTES} order by time desc, digest desc`.execute(db);
  const isWhole = rows.length === Number(rows[0]?.entries ?? 0);
  const { items, next_cursor } = pageOf(
    rows.slice(0, limit),
    !isWhole || rows.length > limit,
    (row) => row.time,
    (row) => row.digest,
  );
  return {
    items: items.map(({ time, level, program, message }) => ({ time: rfc3339(BigInt(time)), level, program, message })),
    next_cursor,
  };
}

interface LogRow {
  time: string;
  digest: string;
  level: string | null;
  program: string | null;
  message: string;
  /** Number of entries found, including those that do not fit the page. */
  entries: string;
}
