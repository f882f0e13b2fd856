import { sql } from 'kysely';
import { lock } from '../db/locks.ts';
import type { Database, Db } from '../db/schema.ts';
import { deletePendingRobots } from '../robots/index.ts';

const now = sql<Date>`now()`;

/** @returns whether the code was free; an expired one counts as free */
export async function insertPairCode(
  db: Db,
  row: { code: string; robot_id: number; poll_token_hash: string; network: string },
  ttlSeconds: number,
): Promise<boolean> {
  const outlived = await db
    .deleteFrom('pair_codes')
    .where('code', '=', row.code)
    .where('expires_at', '<=', now)
    .returning('robot_id')
    .execute();
  await deletePendingRobots(
    db,
    outlived.map(({ robot_id }) => robot_id),
  );
  const expires_at = sql<Date>`now() + make_interval(secs => ${ttlSeconds})`;
  const inserted = await db
    .insertInto('pair_codes')
    .values({ ...row, expires_at, last_polled_at: null, encrypted_token: null })
    .onConflict((conflict) => conflict.column('code').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

const isLive = sql<boolean>`pair_codes.status = 'pending' and pair_codes.expires_at > now()`;

/** Taken before codes are counted, so that concurrent requests cannot exceed the limits. */
export async function lockPairCodes(db: Db): Promise<void> {
  await lock(db, 'count pairing codes');
}

/** Number of codes awaiting confirmation, in total and from this network. */
export async function countLiveCodes(db: Db, network: string): Promise<{ all: number; here: number }> {
  const { rows } = await sql<{ all: number; here: number }>`
    select count(*)::int as all, count(*) filter (where network = ${network})::int as here
    from pair_codes where ${isLive}`.execute(db);
  return rows[0] as { all: number; here: number };
}

/** Expires the oldest code of the network with the most codes. */
export async function endGreediest(db: Db): Promise<void> {
  await sql`
    update pair_codes set status = 'expired', expires_at = now()
    where id = (
      select min(id) from pair_codes where ${isLive} group by network order by count(*) desc, min(id) limit 1
    )`.execute(db);
}

/**
 * Expires a pending code that another network has also requested: somebody may be probing for codes in use. Within one
 * network it is a robot that lost the reply, or two robots with the same code.
 */
export async function endFoundCode(db: Db, code: string, network: string): Promise<void> {
  await sql`
    update pair_codes set status = 'expired', expires_at = now()
    where code = ${code} and ${isLive} and network is distinct from ${network}`.execute(db);
}

/** The robot of a code that can still be confirmed. */
export async function findPending(db: Db, code: string) {
  return db
    .selectFrom('pair_codes')
    .innerJoin('robots', 'robots.id', 'pair_codes.robot_id')
    .select([
      'pair_codes.created_at as requested_at',
      'pair_codes.expires_at',
      'robots.hostname',
      'robots.name',
      'robots.architecture',
      'robots.ip_address',
    ])
    .where('pair_codes.code', '=', code)
    .where('pair_codes.status', '=', 'pending')
    .where('pair_codes.expires_at', '>', now)
    .executeTakeFirst();
}

/**
 * Marks the code as used; of several concurrent calls exactly one succeeds. The robot has at least two minutes to fetch
 * its token, and may do so at once, regardless of its poll interval.
 */
export async function takeCode(db: Db, code: string, encryptedToken: Buffer): Promise<number | undefined> {
  const taken = await db
    .updateTable('pair_codes')
    .set({
      status: 'confirmed',
      encrypted_token: encryptedToken,
      last_polled_at: null,
      expires_at: sql<Date>`greatest(expires_at, now() + interval '2 minutes')`,
    })
    .where('code', '=', code)
    .where('status', '=', 'pending')
    .where('expires_at', '>', now)
    .returning('robot_id')
    .executeTakeFirst();
  return taken?.robot_id;
}

/** Gives a robot's latest code to another robot, which its device now is. */
export async function moveCode(db: Db, from: number, to: number): Promise<void> {
  await sql`
    update pair_codes set robot_id = ${to}
    where id = (select max(id) from pair_codes where robot_id = ${from})`.execute(db);
}

export async function findStatus(db: Db, code: string) {
  return db
    .selectFrom('pair_codes')
    .innerJoin('robots', 'robots.id', 'pair_codes.robot_id')
    .select([
      'pair_codes.id',
      'pair_codes.status',
      'pair_codes.poll_token_hash',
      'pair_codes.encrypted_token',
      'robots.id as robot_id',
      'robots.name',
      'robots.influxdb_token as token_hash',
    ])
    .select(sql<boolean>`pair_codes.expires_at > now()`.as('live'))
    .where('pair_codes.code', '=', code)
    .executeTakeFirst();
}

/** Records a poll in the database, for all replicas. @returns whether it respects the poll interval */
export async function notePoll(db: Db, id: number, intervalSeconds: number): Promise<boolean> {
  // Half a second of tolerance, so that network jitter does not fail a robot that sleeps exactly the interval.
  const noted = await db
    .updateTable('pair_codes')
    .set({ last_polled_at: now })
    .where('id', '=', id)
    .where((eb) =>
      eb.or([
        eb('last_polled_at', 'is', null),
        eb('last_polled_at', '<=', sql<Date>`now() - make_interval(secs => ${intervalSeconds - 0.5})`),
      ]),
    )
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/** Deletes these robots' sealed tokens; only the hashes remain. */
export async function forgetTokens(db: Db, robotIds: readonly number[]): Promise<void> {
  await db
    .updateTable('pair_codes')
    .set({ encrypted_token: null })
    .where('robot_id', '=', sql<number>`any(${robotIds}::int[])`)
    .where('encrypted_token', 'is not', null)
    .execute();
}

/** Marks codes as expired; an hour later deletes them, along with robots that were never confirmed. */
export async function expireCodes(db: Database): Promise<void> {
  await db
    .updateTable('pair_codes')
    .set({ encrypted_token: null })
    .where('encrypted_token', 'is not', null)
    .where('expires_at', '<=', now)
    .execute();
  await db
    .updateTable('pair_codes')
    .set({ status: 'expired' })
    .where('status', '=', 'pending')
    .where('expires_at', '<=', now)
    .execute();
  await db.transaction().execute(async (tx) => {
    const anHourAgo = sql<Date>`now() - interval '1 hour'`;
    const old = await tx.deleteFrom('pair_codes').where('expires_at', '<=', anHourAgo).returning('robot_id').execute();
    await deletePendingRobots(
      tx,
      old.map(({ robot_id }) => robot_id),
    );
  });
}
