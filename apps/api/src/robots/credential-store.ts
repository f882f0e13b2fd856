import { sql } from 'kysely';
import type { Database, Db, RobotStatus } from '../db/schema.ts';
import type { RobotIdentity } from '../line-protocol/index.ts';

/** What a write needs to know about the robot that owns the token. */
export interface ReportingRobot extends RobotIdentity {
  status: RobotStatus;
  has_written: boolean;
  owner_id: number | null;
  paired_at: Date;
  /** The row's version, which every change relevant to reports increments. */
  version: string;
}

/** A robot as it was when its token was looked up. */
export interface KnownRobot {
  tokenHash: string;
  robot: ReportingRobot;
}

type Row = ReportingRobot & { influxdb_token: string };

// New hardware of a robot that has written before: its sealed token ends with its own first write.
const isSealed = sql`exists (select from pair_codes where robot_id = robots.id and encrypted_token is not null)`;
const columns = sql`influxdb_token, robots.id, name, hostname, architecture, status,
  first_write_at is not null and not ${isSealed} as has_written, owner_id, created_at as paired_at, robots.version`;
const mayReport = sql`status in ('active', 'error')`;

/** Finds the robots that may write, by token hash, in one query. */
export async function findReporting(db: Database, hashes: readonly string[]): Promise<Map<string, ReportingRobot>> {
  const { rows } = await sql<Row>`
    select ${columns} from robots where influxdb_token = any(${hashes}::text[]) and ${mayReport}`.execute(db);
  return new Map(rows.map(({ influxdb_token, ...robot }) => [influxdb_token, robot]));
}

/** Rechecks which robots may write, by token hash. Rows whose version is unchanged are not read again. */
export async function recheckReporting(db: Database, known: KnownRobot[]): Promise<Map<string, ReportingRobot>> {
  const asked = new Map(known.map((one) => [one.robot.id, one]));
  const versions = [...asked.values()].map(({ robot }) => robot.version);
  const { rows } = await sql<{ asked_id: number } & Partial<Row>>`/* recheck */
    select asked.id as asked_id, ${columns}
    from unnest(${[...asked.keys()]}::int[], ${versions}::bigint[]) as asked (id, version)
    left join robots on robots.id = asked.id and ${mayReport}
    where robots.version is distinct from asked.version`.execute(db);
  const changed = new Set(rows.map(({ asked_id }) => asked_id));
  const unchanged = [...asked.values()].filter(({ robot }) => !changed.has(robot.id));
  const now = new Map(unchanged.map(({ tokenHash, robot }) => [tokenHash, robot]));
  for (const { asked_id: _, influxdb_token, ...robot } of rows)
    if (influxdb_token) now.set(influxdb_token, robot as ReportingRobot);
  return now;
}

/** The robots whose current or previous token has one of these hashes. */
export async function findHolders(db: Db, hashes: string[]): Promise<Map<string, { id: number; name: string }>> {
  const { rows } = await sql<{ hash: string; id: number; name: string }>`
    select hash, robots.id, name from unnest(${hashes}::text[]) as hash
    join robots on robots.influxdb_token = hash or robots.former_token = hash`.execute(db);
  return new Map(rows.map(({ hash, ...robot }) => [hash, robot]));
}

export async function hasToken(db: Db, id: number, tokenHash: string): Promise<boolean> {
  const query = db.selectFrom('robots').select('id').where('id', '=', id).where('influxdb_token', '=', tokenHash);
  return (await query.executeTakeFirst()) !== undefined;
}
