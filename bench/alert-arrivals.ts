import { sql } from 'kysely';
import { ArrivalRecorder } from '../apps/api/src/arrivals/index.ts';
import type { Database } from '../apps/api/src/db/schema.ts';
import { identityTags, RobotShape, type StampedLines, stampLines } from '../apps/api/src/line-protocol/index.ts';
import { FIELDS, MEASUREMENTS } from './alert-fleet.ts';

/** Robots in one batch of reports, as in a busy server's. */
const AT_ONCE = 300;
const NOTHING = new Map();

/** As if everything had been watched for an hour. */
export async function watchedForLong(db: Database): Promise<void> {
  await sql`alter table watched_fields alter column created_at set default now() - interval '1 hour'`.execute(db);
  await sql`insert into arrivals_epoch (began_at) values (now() - interval '1 hour')`.execute(db);
}

/** Notes what is watched of all robots' reports, as ingest does. Reading the reports is not part of it. */
export function arrivalsOf(db: Database, robots: number) {
  const recorder = new ArrivalRecorder(db, { refreshMs: 0, staleMs: 0 });
  const all = Array.from({ length: robots }, (_, i) => {
    const robot = {
      ...{ id: i + 1, name: `robot ${i + 1}`, hostname: 'orange', architecture: null },
      ...{ status: 'active' as const, has_written: true, owner_id: 1, version: '1', paired_at: new Date(0) },
    };
    return { robot, shape: new RobotShape(robot, identityTags(robot)) };
  });
  const linesOf = (shape: RobotShape, at: number): StampedLines => {
    const lines = Array.from(
      { length: MEASUREMENTS },
      (_, m) =>
        `m${m} ${Array.from({ length: FIELDS }, (_, f) => `f${f}=${Math.random() * 90}`).join()} ${at}${String(shape.robot.id).padStart(6, '0')}`,
    );
    const [receivedAt, oldest, newest] = [BigInt(at) * 1_000_000n, 0n, BigInt(at + 86_400_000) * 1_000_000n];
    return stampLines(Buffer.from(lines.join('\n')), 'ns', { shape, receivedAt, oldest, newest });
  };
  /** @param at milliseconds since 1970. @returns CPU seconds of this process */
  return async (at: number): Promise<number> => {
    let spent = 0;
    for (let i = 0; i < all.length; i += AT_ONCE) {
      const some = all.slice(i, i + AT_ONCE);
      const reports = some.map(({ robot, shape }) => ({ robot, lines: linesOf(shape, at), refused: NOTHING }));
      const before = process.cpuUsage();
      await recorder.record(reports);
      const { user, system } = process.cpuUsage(before);
      spent += (user + system) / 1e6;
    }
    return spent;
  };
}
