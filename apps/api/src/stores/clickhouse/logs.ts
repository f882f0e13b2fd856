import { decodeCursor, MAX, pageOf, textKey, wholeKey } from '../../db/pagination.ts';
import { rfc3339 } from '../log-time.ts';
import {
  type LogEntry,
  type LogFilter,
  type LogMatches,
  type LogMatchesQuery,
  type LogQuery,
  MAX_TEXT_BYTES,
} from '../metrics-store.ts';
import type { ClickHouse } from './client.ts';
import { inParts } from './fleet.ts';
import { joined, nsOf, SqlText, sql } from './query-text.ts';

type Row = [time: string, digest: string, level: string, program: string, message: string];

/** Enough was read. */
class Full extends Error {}

/** Newest first. */
export async function queryLogs(db: ClickHouse, query: LogQuery, signal: AbortSignal) {
  const { robotId, from, to, limit, cursor } = query;
  const rows: Row[] = [];
  let bytes = 0;
  let isFull = false;
  try {
    await db.read<Row>(
      sql`select toString(time), hex(digest), level, program, message from logs final
        where robot_id = ${robotId} and time >= ${nsOf(from)} and time < ${nsOf(to)} and ${before(cursor)} and ${matching(query)}
        order by time desc, digest desc limit ${limit + 1}`,
      (row) => {
        // The first one always fits.
        if (rows.length > 0 && bytes >= MAX_TEXT_BYTES) throw new Full();
        bytes += row.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
        rows.push(row);
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof Full)) throw error;
    isFull = true;
  }
  const { items, next_cursor } = pageOf(
    rows.slice(0, limit),
    isFull || rows.length > limit,
    ([time]) => time,
    ([, digest]) => digest,
  );
  return { items: items.map(entryOf), next_cursor };
}

const entryOf = ([time, , level, program, message]: Row): LogEntry => ({
  ...{ time: rfc3339(BigInt(time)), level: level || null, program: program || null, message },
});

function before(cursor: string | undefined): SqlText {
  const keys = decodeCursor(cursor);
  if (!keys) return sql`1`;
  const [time, digest] = [BigInt(wholeKey(keys[0], MAX.bigint)), textKey(keys[1])];
  return sql`(time < ${time} or (time = ${time} and hex(digest) < ${digest}))`;
}

/** Upper and lower case alike, except for a program's name. */
function matching({ level, program, q }: LogFilter): SqlText {
  const conditions = [sql`1`];
  if (level?.length) conditions.push(sql`lowerUTF8(level) in (${level.map((one) => one.toLowerCase())})`);
  if (program) conditions.push(sql`program = ${program}`);
  if (q) conditions.push(sql`positionCaseInsensitiveUTF8(message, ${q}) > 0`);
  return joined(conditions, ' and ');
}

/** One pass over the entries, whatever the number of filters. */
export async function queryLogMatches(
  db: ClickHouse,
  { robotIds, filters, from, to }: LogMatchesQuery,
  signal: AbortSignal,
): Promise<LogMatches[]> {
  if (filters.length === 0) return [];
  const counts = joined(
    filters.map((filter, i) => sql`toFloat64(countIf(${matching(filter)})) as ${new SqlText(`filter${i}`)}`),
    ', ',
  );
  const rows = await inParts(robotIds, (some) =>
    db.rows<[robotId: number, ...counts: number[]]>(
      sql`select robot_id, ${counts} from logs final
        where robot_id in (${some}) and time >= ${nsOf(from)} and time < ${nsOf(to)} group by robot_id`,
      signal,
    ),
  );
  return rows.flatMap(([robotId, ...counts]) =>
    counts.flatMap((count, filter) => (count > 0 ? [{ robotId, filter, count }] : [])),
  );
}
