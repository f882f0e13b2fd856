import { type SelectQueryBuilder, sql } from 'kysely';
import { decodeCursor, MAX, page, textKey, wholeKey } from '../db/pagination.ts';
import type { Db, Role, Tables } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { RobotQuery } from './schemas.ts';

/** The caller: users see their own robots, administrators see all. */
export interface Viewer {
  id: number;
  role: Role;
}

const COLUMNS = [
  'robots.id',
  'robots.name',
  'robots.hostname',
  'robots.ip_address',
  'robots.architecture',
  'robots.status',
  'robots.owner_id',
  'robots.created_at',
  'robot_presence.clock_skew_ms',
  'robots.error_reason',
  'robots.labels',
  'robots.former_token_refused_at',
] as const;

/** robots.last_seen_at is only a fallback: it is updated less often. */
const lastSeen = sql<Date | null>`coalesce(robot_presence.seen_at, robots.last_seen_at)`;

function visibleRobots(db: Db, viewer: Viewer, offlineAfter: number) {
  const online = sql<boolean>`coalesce(${lastSeen} > now() - make_interval(secs => ${offlineAfter}), false)`;
  const agent = sql<string | null>`coalesce(robot_presence.agent_version, robots.agent_version)`;
  const query = db
    .selectFrom('robots')
    .leftJoin('users', 'users.id', 'robots.owner_id')
    .leftJoin('robot_presence', 'robot_presence.robot_id', 'robots.id')
    .select([...COLUMNS, 'users.name as owner_name', 'users.email as owner_email', online.as('online')])
    .select([lastSeen.as('last_seen_at'), agent.as('agent_version')]);
  return { online, query: viewer.role === 'admin' ? query : query.where('robots.owner_id', '=', viewer.id) };
}

type Row = Awaited<ReturnType<typeof findRow>>;
const findRow = (db: Db, viewer: Viewer, offlineAfter: number, id: number) =>
  visibleRobots(db, viewer, offlineAfter).query.where('robots.id', '=', id).executeTakeFirst();

/** @returns undefined when the robot does not exist or the viewer may not see it */
export async function findRobot(db: Db, viewer: Viewer, offlineAfter: number, id: number) {
  const row = await findRow(db, viewer, offlineAfter, id);
  return row && withOwner(row);
}

/** Locks the robot's row for a change. @returns undefined when the viewer may not see it */
export function lockRobot(db: Db, viewer: Viewer, id: number) {
  let query = db
    .selectFrom('robots')
    .select(['id', 'name', 'hostname', 'architecture', 'status', 'owner_id'])
    .where('id', '=', id)
    .forUpdate();
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return query.executeTakeFirst();
}

/** Whether the viewer may see the robot; every read of metrics and logs checks this. */
export async function isVisible(db: Db, viewer: Viewer, id: number): Promise<boolean> {
  let query = db.selectFrom('robots').select('id').where('id', '=', id);
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Every robot the viewer may see. */
export async function visibleRobotIds(db: Db, viewer: Viewer): Promise<number[]> {
  let query = db.selectFrom('robots').select('id').where('status', '<>', 'pending');
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return (await query.execute()).map((robot) => robot.id);
}

/** The subset of `ids` that the viewer may see. */
export async function visibleIds(db: Db, viewer: Viewer, ids: number[]): Promise<number[]> {
  let query = db.selectFrom('robots').select('id').where('id', 'in', ids).orderBy('id');
  if (viewer.role !== 'admin') query = query.where('owner_id', '=', viewer.id);
  return (await query.execute()).map((robot) => robot.id);
}

export async function listRobots(db: Db, viewer: Viewer, offlineAfter: number, filter: RobotQuery) {
  const { sort = 'name', order = 'asc', limit = 100 } = filter;
  const { online, query: visible } = visibleRobots(db, viewer, offlineAfter);
  // Times sort as text in the same form as in the cursor; robots never seen sort as if seen in 1970.
  const key =
    sort === 'created_at' || sort === 'last_seen_at'
      ? sql<string>`to_char(coalesce(${sort === 'created_at' ? sql.ref('robots.created_at') : lastSeen}, 'epoch') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`
      : sql<string>`lower(${sql.ref(`robots.${sort}`)}) collate "C"`;
  let query = visible
    .select(key.as('sort_key'))
    .orderBy(key, order)
    .orderBy('robots.id', order)
    .limit(limit + 1);
  if (filter.id) query = query.where('robots.id', '=', sql<number>`any(${filter.id}::int[])`);
  if (filter.status) query = query.where('robots.status', '=', filter.status);
  if (filter.online !== undefined) query = query.where(online, '=', filter.online);
  if (filter.owner_id) query = query.where('robots.owner_id', '=', filter.owner_id);
  if (filter.label)
    query = query.where(sql<boolean>`robots.labels @> ${JSON.stringify(labelsOf(filter.label))}::jsonb`);
  if (filter.q) query = matching(query, `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`);
  const cursor = decodeCursor(filter.cursor);
  if (cursor) {
    const [value, id] = [textKey(cursor[0]), wholeKey(cursor[1], MAX.integer)];
    const beyond = sql<boolean>`(${key}, robots.id) ${sql.raw(order === 'asc' ? '>' : '<')} (${value} ${sql.raw(sort.endsWith('_at') ? '' : 'collate "C"')}, ${id}::integer)`;
    query = query.where(beyond);
  }
  const { items, next_cursor } = page(
    await query.execute(),
    limit,
    (row) => row.sort_key,
    (row) => row.id,
  );
  return { items: items.map(withOwner), next_cursor };
}

/** Of `key:value`; the key has no colon. @throws AppError validation_failed */
function labelsOf(labels: string[]): Record<string, string> {
  const pairs = labels.map((label) => {
    const colon = label.indexOf(':');
    if (colon < 1) throw new AppError('validation_failed', `label must be key:value such as site:lab, not "${label}".`);
    return [label.slice(0, colon), label.slice(colon + 1)] as const;
  });
  const keys = new Map(pairs);
  // One key with two values: no robot has both.
  return pairs.every(([key, value]) => keys.get(key) === value) ? Object.fromEntries(pairs) : { '': '' };
}

function matching<O>(query: SelectQueryBuilder<Tables & { users: never }, 'robots' | 'users', O>, like: string) {
  return query.where((eb) =>
    eb.or([
      eb('robots.name', 'ilike', like),
      eb('robots.hostname', 'ilike', like),
      eb('robots.ip_address', 'ilike', like),
    ]),
  );
}

function withOwner<R extends NonNullable<Row>>({ owner_id, owner_name, owner_email, ...robot }: R) {
  const owner = owner_id === null ? null : { id: owner_id, name: owner_name ?? '', email: owner_email ?? '' };
  return { ...robot, clock_skew_ms: robot.clock_skew_ms === null ? null : Number(robot.clock_skew_ms), owner };
}
