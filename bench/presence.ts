import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { connect } from '../apps/api/src/db/client.ts';
import { startEmbeddedPostgres } from '../apps/api/src/db/embedded-postgres.ts';
import { migrate } from '../apps/api/src/db/migrate.ts';
import { Presence } from '../apps/api/src/robots/presence.ts';
import { noteSilent } from '../apps/api/src/robots/tell-of-silent.ts';
import { cpuSeconds, family } from './process-usage.ts';

/** What knowing that robots are alive costs PostgreSQL: last seen, hours of activity, noticing who is silent. */
const REPORT_MS = 10_000;
const TICK_MS = 2_000;
const OFFLINE_S = 60;
const UNWRITTEN_MS = 15_000;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '100000' },
    /** Rows of the table; the others are silent, and are known to be. */
    rows: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '90' },
  },
});
const [active, rows, seconds] = [values.robots, values.rows, values.seconds].map(Number) as [number, number, number];

const dir = mkdtempSync(join(tmpdir(), 'robowatch-presence-'));
const postgres = await startEmbeddedPostgres(dir);
const { db } = connect(postgres.url, 4, { statementMs: 600_000 });
try {
  await migrate(db);
  await sql`insert into users (email, hashed_password, name, role) values ('bench@lab.example', '!', 'Bench', 'admin')`.execute(
    db,
  );
  await sql`
    insert into robots (name, hostname, status, owner_id)
    select 'robot ' || n, 'orange', 'active', 1 from generate_series(1, ${rows}::int) n`.execute(db);
  await sql`
    insert into robot_presence (robot_id, seen_at, announced_offline)
    select id, now() - interval '1 day', true from robots order by id`.execute(db);
  await sql`vacuum analyze robots`.execute(db);
  await sql`vacuum analyze robot_presence`.execute(db);
  const { rows: ids } = await sql<{ id: number }>`
    select id from robots where id % ${Math.floor(rows / active)} = 0 order by id limit ${active}`.execute(db);
  const presence = new Presence(db, { everyMs: UNWRITTEN_MS, offlineAfter: OFFLINE_S });
  const server = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  const postgresSeconds = () => cpuSeconds(family(server));
  let longestMs = 0;

  async function run(forMs: number): Promise<void> {
    const began = performance.now();
    let noted = 0;
    for (let tick = 0; performance.now() - began < forMs; tick++) {
      // Each robot has its own moment within the ten seconds.
      const due = Math.floor(((performance.now() - began) / REPORT_MS) * ids.length);
      for (; noted < due; noted++)
        presence.note({ id: ids[noted % ids.length]?.id as number, owner_id: 1 }, Date.now(), '1.37.2');
      const started = performance.now();
      await presence.tick();
      if (tick % 2 === 0) await noteSilent(db, OFFLINE_S);
      longestMs = Math.max(longestMs, performance.now() - started);
      await sleep(Math.max(0, TICK_MS - (performance.now() - started)));
    }
  }

  process.stdout.write(`${active} robots report, of ${rows}; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`);
  await run(2 * UNWRITTEN_MS);
  const before = { postgres: postgresSeconds(), own: process.cpuUsage() };
  longestMs = 0;
  await run(seconds * 1000);
  const own = process.cpuUsage(before.own);
  const share = (cpu: number) => `${((cpu / seconds) * 100).toFixed(1)} %`;
  process.stdout.write(
    `PostgreSQL ${share(postgresSeconds() - before.postgres)} of a core, the server's process ${share((own.user + own.system) / 1e6)}; the longest round ${Math.round(longestMs)} ms\n`,
  );
} finally {
  await db.destroy();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
