import DataLoader from 'dataloader';
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Architecture, Database, RobotStatus } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { inTime } from './in-time.ts';

/** The robot behind a personal token, as far as writing needs it. */
export interface ReportingRobot {
  id: number;
  name: string;
  hostname: string;
  architecture: Architecture | null;
  status: RobotStatus;
  has_written: boolean;
  owner_id: number | null;
  /** Of the row: another one after every change that matters here. */
  version: string;
}

/** A robot as it was when its token was looked up. */
export interface KnownRobot {
  tokenHash: string;
  robot: ReportingRobot;
}

type Row = ReportingRobot & { influxdb_token: string };

const columns = sql`influxdb_token, robots.id, name, hostname, architecture, status,
  first_write_at is not null as has_written, owner_id, robots.version`;
const mayReport = sql`status in ('active', 'error')`;

/** Robots whose token may write, by token hash: one query for any number of them. */
async function findReporting(db: Database, hashes: readonly string[]): Promise<Map<string, ReportingRobot>> {
  const { rows } = await sql<Row>`
    select ${columns} from robots where influxdb_token = any(${hashes}::text[]) and ${mayReport}`.execute(db);
  return new Map(rows.map(({ influxdb_token, ...robot }) => [influxdb_token, robot]));
}

/** Who of them may write now, as they are now, by token hash. Rows that are still the known version are not read again. */
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

export const notReporting = () =>
  new AppError('unauthorized', 'This token is not valid, or the robot is switched off.');

export const databaseAway = () =>
  new AppError('database_unavailable', 'The database does not answer.', { retryAfter: 10 });

const MAX_LOOKUPS = 1000;

/** Spares the look-up before a body is read. Never the last word: every write is checked again when it is sent. */
export class TokenCache {
  #timeoutMs: number;
  #robots = new LRUCache<string, ReportingRobot>({ max: 50_000, ttl: 30_000 });
  /** Look-ups of the same moment are one query: after a restart the whole fleet comes at once. */
  #lookups: DataLoader<string, ReportingRobot | undefined>;

  constructor(db: Database, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    const load = async (hashes: readonly string[]) => {
      const found = await findReporting(db, hashes);
      return hashes.map((hash) => found.get(hash));
    };
    this.#lookups = new DataLoader(load, {
      cache: false,
      maxBatchSize: MAX_LOOKUPS,
      batchScheduleFn: (run) => setImmediate(run),
    });
  }

  /** @throws AppError database_unavailable when the database does not answer in time */
  async find(hash: string): Promise<ReportingRobot | undefined> {
    const cached = this.#robots.get(hash);
    if (cached) return cached;
    const robot = await inTime(this.#lookups.load(hash), this.#timeoutMs, databaseAway);
    if (robot) this.#robots.set(hash, robot);
    return robot;
  }

  /**
   * For what is refused without a write: a token that died meanwhile is told so, for its data must be kept.
   * @throws AppError unauthorized, database_unavailable
   */
  async confirm(hash: string): Promise<void> {
    this.#robots.delete(hash);
    if (!(await this.find(hash))) throw notReporting();
  }

  /** As a write has just found it. */
  renew(hash: string, robot: ReportingRobot): void {
    this.#robots.set(hash, robot);
  }

  drop(hash: string): void {
    this.#robots.delete(hash);
  }
}

/** `,key=value` pairs for stamping, each escaped for line protocol. */
export function identityTags(robot: ReportingRobot): Map<string, string> {
  const tags = {
    robot: robot.name,
    hostname: robot.hostname,
    arch: robot.architecture ?? 'unknown',
    robot_id: String(robot.id),
  };
  return new Map(Object.entries(tags).map(([key, value]) => [key, `,${key}=${escapeTagValue(value)}`]));
}

/** A trailing backslash would swallow the separator behind it, so backslashes become slashes. Latin1, a character a byte. */
function escapeTagValue(value: string): string {
  const clean =
    value
      .replaceAll('\\', '/')
      .replace(/[\p{Cc}]/gu, ' ')
      .trim() || '-';
  return Buffer.from(clean.replace(/[,= ]/g, '\\$&')).toString('latin1');
}

export const sameIdentity = (a: ReportingRobot, b: ReportingRobot) =>
  a.id === b.id && a.name === b.name && a.hostname === b.hostname && a.architecture === b.architecture;
