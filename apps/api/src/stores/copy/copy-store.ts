import { sql } from 'kysely';
import { ConfigError } from '../../config/env.ts';
import type { Database } from '../../db/schema.ts';
import type { ClickHouse } from '../clickhouse/client.ts';
import { copyDay, type Tally } from './copy-day.ts';
import type { CopySource } from './source.ts';

const DAY_MS = 86_400_000;
/** Two copies at a time would do everything twice. */
const LOCK = 7_236_451;

export interface CopyOptions {
  db: Database;
  clickhouse: ClickHouse;
  source: CopySource;
  /** Seconds; older points are not copied. */
  retention: number;
  /** Told after each robot's day. */
  onProgress(progress: Progress): void;
}

export interface Progress extends Tally {
  /** Robot-days. */
  done: number;
  all: number;
}

/**
 * Copies every robot's past, the newest days first. What was copied and verified before is left out, so it can be interrupted at any
 * time. @returns what was copied now; `points` are values. @throws ConfigError while another copy is under way
 */
export function copyStore(options: CopyOptions): Promise<Progress> {
  return options.db.connection().execute(async (db) => {
    const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(${LOCK}) as locked`.execute(db);
    if (!rows[0]?.locked) throw new ConfigError('Another copy is under way.');
    try {
      return await copyAll({ ...options, db });
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(db);
    }
  });
}

async function copyAll({ db, clickhouse, source, retention, onProgress }: CopyOptions): Promise<Progress> {
  const robots = (await db.selectFrom('robots').select('id').orderBy('id').execute()).map(({ id }) => id);
  const done = new Set(
    (await db.selectFrom('store_copies').select(['robot_id', 'day']).execute()).map(
      (row) => `${row.robot_id} ${row.day}`,
    ),
  );
  // Fast clocks are a day ahead.
  const last = Math.floor(Date.now() / DAY_MS) + 1;
  const first = Math.floor((Date.now() - retention * 1000) / DAY_MS);
  const progress = { done: 0, all: robots.length * (last - first + 1), points: 0, logs: 0 };
  for (let day = last; day >= first; day--)
    for (const robotId of robots) {
      if (!done.has(`${robotId} ${day}`)) {
        const { points, logs } = await copyDay(clickhouse, source, robotId, day);
        await note(db, robotId, day, { points, logs });
        progress.points += points;
        progress.logs += logs;
      }
      progress.done++;
      onProgress(progress);
    }
  return progress;
}

/** Of a robot that was deleted meanwhile, nothing is noted; its points go when the past of deleted robots is purged. */
async function note(db: Database, robotId: number, day: number, { points, logs }: Tally): Promise<void> {
  await sql`
    insert into store_copies (robot_id, day, points, logs)
    select id, ${day}, ${points}, ${logs} from robots where id = ${robotId}
    on conflict (robot_id, day) do nothing`.execute(db);
}
