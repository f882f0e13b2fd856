import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';

/** Takes or renews a lease on the job. @returns whether this holder now has it for `seconds` */
export async function takeClaim(db: Db, job: string, holder: string, seconds: number): Promise<boolean> {
  const { rows } = await sql`
    insert into job_claims as claim (job, holder, until) values (${job}, ${holder}, now() + make_interval(secs => ${seconds}))
    on conflict (job) do update set holder = excluded.holder, until = excluded.until
    where claim.until <= now() or claim.holder = excluded.holder
    returning job`.execute(db);
  return rows.length > 0;
}

/** Releases the lease, but keeps the job from running again for another `seconds`. */
export async function endClaim(db: Db, job: string, holder: string, seconds: number): Promise<void> {
  await sql`
    update job_claims set holder = '', until = now() + make_interval(secs => ${seconds})
    where job = ${job} and holder = ${holder}`.execute(db);
}
