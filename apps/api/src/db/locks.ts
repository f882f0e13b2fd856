import { sql } from 'kysely';
import type { Db } from './schema.ts';

/** Advisory locks for work that only one transaction at a time may do, across all replicas. */
const LOCKS = {
  'count administrators': 7160002,
  'count pairing codes': 7160003,
  'change partitions': 7160004,
  'create views': 7160005,
  'take due hours': 7160007,
} as const;

/** Held until the transaction ends. */
export async function lock(tx: Db, what: keyof typeof LOCKS): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCKS[what]})`.execute(tx);
}

/** Locks for work on one robot that only one transaction at a time may do. */
const ROBOT_LOCKS = { 'pack points': 7160006 } as const;

/** Held until the transaction ends. */
export async function lockRobot(tx: Db, what: keyof typeof ROBOT_LOCKS, robotId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ROBOT_LOCKS[what]}, ${robotId})`.execute(tx);
}
