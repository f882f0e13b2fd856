import { type SelectQueryBuilder, sql } from 'kysely';
import { decodeCursor, MAX, page, textKey, wholeKey } from '../db/pagination.ts';
import type { Db, Role, Tables } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { INVENTORY_FIELDS, type Inventory } from './inventory.ts';
import type { RobotQuery } from './schemas.ts';
import { heardSince } from './server-watch-store.ts';

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

const rfc3339 = (time: string) => sql`to_char(${sql.ref(time)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The latest replacement of its hardware, while it can be undone. */
const undoable = sql<{ at: string; hostname: string; undo_until: string } | null>`(
  select jsonb_build_object('at', ${rfc3339('at')}, 'hostname', hostname, 'undo_until', ${rfc3339('undo_until')}) from robot_replacements
  where robot_id = robots.id and undo_until > now() order by robot_replacements.id desc limit 1
)`;

/** What its times were corrected by of late. */
const corrected = sql<{ skew_ms: number; at: string } | null>`(
  select jsonb_build_object('skew_ms', -shift_ms, 'at', ${rfc3339('corrected_at')}) from robot_clocks
  where robot_id = robots.id and corrected_at > now() - interval '1 day' order by corrected_at desc limit 1
)`;

interface KnownInventory extends Inventory {
  at: string;
  since?: string;
}

const since = sql`, 'since', ${rfc3339('robot_inventories.since')}`;
/** @param isWhole the list does without `since`, which nobody sees there */
const inventory = (isWhole: boolean) =>
  sql<KnownInventory | null>`case when robot_inventories.robot_id is not null then jsonb_build_object(
  ${sql.join(INVENTORY_FIELDS.flatMap((name) => [sql.lit(name), sql.ref(`robot_inventories.${name}`)]))},
  'at', ${rfc3339('robot_inventories.at')} ${isWhole ? since : sql``}) end`;

interface SeenDevice {
  address: string | null;
  booted_at: string | null;
  last_seen_at: string;
}

/** Devices that report with the same token. Times are text in RFC 3339. */
const cloned = sql<{ noticed_at: string; devices: SeenDevice[] } | null>`(
  select jsonb_build_object('noticed_at', ${rfc3339('noticed_at')}, 'devices', (
    select coalesce(jsonb_agg(jsonb_build_object('address', address, 'booted_at', ${rfc3339('booted_at')},
      'last_seen_at', ${rfc3339('last_seen_at')}) order by first_seen_at), '[]')
    from robot_devices where robot_id = robots.id and returns > 0
  )) from robot_clones where robot_id = robots.id
)`;

function visibleRobots(db: Db, viewer: Viewer, offlineAfter: number, isWhole: boolean) {
  const online = sql<boolean>`coalesce(${lastSeen} > ${heardSince(offlineAfter)}, false)`;
  const agent = sql<string | null>`coalesce(robot_presence.agent_version, robots.agent_version)`;
  const query = db
    .selectFrom('robots')
    .leftJoin('users', 'users.id', 'robots.owner_id')
    .leftJoin('robot_presence', 'robot_presence.robot_id', 'robots.id')
    .leftJoin('robot_inventories', 'robot_inventories.robot_id', 'robots.id')
    .select([...COLUMNS, 'users.name as owner_name', 'users.email as owner_email', online.as('online')])
    .select([lastSeen.as('last_seen_at'), agent.as('agent_version'), undoable.as('replaced')])
    .select([corrected.as('clock_corrected'), cloned.as('cloned'), inventory(isWhole).as('inventory')])
    .select(sql<boolean>`robots.influxdb_token is not null`.as('has_token'));
  return { online, query: viewer.role === 'admin' ? query : query.where('robots.owner_id', '=', viewer.id) };
}

type Row = Awaited<ReturnType<typeof findRow>>;
const findRow = (db: Db, viewer: Viewer, offlineAfter: number, id: number) =>
  visibleRobots(db, viewer, offlineAfter, true).query.where('robots.id', '=', id).executeTakeFirst();

/** @returns undefined when the robot does not exist or the viewer may not see it */
export async function findRobot(db: Db, viewer: Viewer, offlineAfter: number, id: number) {
  const row = await findRow(db, viewer, offlineAfter, id);
  return row && withOwner(row);
}

/** Locks the robot's row for a change. @returns undefined when the viewer may not see it */
export async function lockRobot(tx: Db, viewer: Viewer, id: number) {
  // As who writes reports down does: presence first, then what refers to the robot's row.
  await tx.selectFrom('robot_presence').select('robot_id').where('robot_id', '=', id).forUpdate().execute();
  let query = tx
    .selectFrom('robots')
    .select(['id', 'name', 'hostname', 'architecture', 'status', 'owner_id'])
    .select(['ip_address', 'agent_version', 'influxdb_token'])
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
  const { online, query: visible } = visibleRobots(db, viewer, offlineAfter, false);
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

function matching<O>(query: SelectQueryBuilder<Tables, 'robots' | 'robot_inventories', O>, like: string) {
  return query.where((eb) =>
    eb.or([
      eb('robots.name', 'ilike', like),
      eb('robots.hostname', 'ilike', like),
      eb('robots.ip_address', 'ilike', like),
      ...INVENTORY_FIELDS.map((name) => eb(`robot_inventories.${name}`, 'ilike', like)),
    ]),
  );
}

function withOwner<R extends NonNullable<Row>>({ owner_id, owner_name, owner_email, ...robot }: R) {
  const owner = owner_id === null ? null : { id: owner_id, name: owner_name ?? '', email: owner_email ?? '' };
  return { ...robot, clock_skew_ms: robot.clock_skew_ms === null ? null : Number(robot.clock_skew_ms), owner };
}
