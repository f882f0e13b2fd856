import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, inject, it } from 'vitest';
import { connect, isUnreachable } from './client.ts';
import type { Database } from './schema.ts';

it('survives a connection that breaks between two statements of a transaction', async () => {
  const { db } = connect(inject('postgresUrl'), 2);
  const transaction = db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
    await sleep(200);
    await sql`select 1`.execute(tx);
  });
  await expect(transaction).rejects.toThrow();
  expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  await db.destroy();
});

/** Two transactions that each wait for a lock the other holds. */
async function deadlock(db: Database) {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const cross = (own: number, other: number, mine: PromiseWithResolvers<void>, theirs: PromiseWithResolvers<void>) =>
    db.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${own})`.execute(tx);
      mine.resolve();
      await theirs.promise;
      await sql`select pg_advisory_xact_lock(${other})`.execute(tx);
    });
  await Promise.all([cross(1, 2, first, second), cross(2, 1, second, first)]);
}

const inTransaction = (setting: string, statement: string) => (db: Database) =>
  db.transaction().execute(async (tx) => {
    await sql.raw(`set local ${setting}`).execute(tx);
    await sql.raw(statement).execute(tx);
  });

it.each([
  ['is too slow', inTransaction('statement_timeout = 10', 'select pg_sleep(30)'), true],
  ['is a standby', inTransaction('transaction_read_only = on', 'create table t (n int)'), true],
  ['has a deadlock', deadlock, true],
  ['is sent an invalid query', (db: Database) => sql`select nonsense`.execute(db), false],
  ['is sent a value out of range', (db: Database) => sql`select 1e10::int4`.execute(db), false],
])('judges correctly whether a database that %s is unreachable', async (_, ask, unreachable) => {
  const { db } = connect(inject('postgresUrl'), 2);
  const error = await ask(db).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(isUnreachable(error)).toBe(unreachable);
  await db.destroy();
});
