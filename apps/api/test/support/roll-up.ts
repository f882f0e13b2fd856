import { setTimeout as sleep } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { rollupPartitions } from '../../src/rollups/partitions.ts';
import { type RollUpDeps, rollUpDue } from '../../src/rollups/roll-up.ts';

/** Computes all hours that were marked, as if they had waited long enough; also those that the server's own job is at. */
export async function rollUpMarked(
  { db, store, catalog }: Omit<RollUpDeps, 'partitions'>,
  which: RawBuilder<unknown> = sql`true`,
): Promise<void> {
  await sql`update rollup_due set due_at = now(), taken_until = null where ${which}`.execute(db);
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    await rollUpDue({ db, store, catalog, partitions: rollupPartitions(db) }, signal);
    const { rows } = await sql`select from rollup_due where due_at <= now() and ${which} limit 1`.execute(db);
    if (rows.length === 0) return;
    signal.throwIfAborted();
    await sleep(100);
  }
}
