import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { Span } from './heard.ts';

/** Absences closer together than this are one. */
const ADJACENT_S = 30;
/** Longer than any rule waits, twice over. */
const KEPT_DAYS = 65;

/** Notes that robots could not be heard in that time. */
export async function noteAbsence(db: Db, { from, to }: Span): Promise<void> {
  const [since, until] = [new Date(from), new Date(to)];
  await sql`
    with extended as (
      update alert_absences set until = greatest(until, ${until}::timestamptz), since = least(since, ${since}::timestamptz)
      where id = (
        select id from alert_absences
        where until >= ${since}::timestamptz - make_interval(secs => ${ADJACENT_S})
          and since <= ${until}::timestamptz + make_interval(secs => ${ADJACENT_S})
        order by until desc limit 1
      ) returning id
    )
    insert into alert_absences (since, until) select ${since}, ${until} where not exists (select from extended)`.execute(
    db,
  );
}

/** With the last one that the robots' presence knows of, which is noticed sooner. */
export async function listAbsences(db: Db): Promise<Span[]> {
  const { rows } = await sql<{ since: Date; until: Date }>`
    select since, until from alert_absences
    union all select away_from, away_until from server_watch where away_from is not null and away_until is not null`.execute(
    db,
  );
  return rows.map(({ since, until }) => ({ from: since.getTime(), to: until.getTime() }));
}

export async function deleteOldAbsences(db: Db): Promise<void> {
  await sql`delete from alert_absences where until < now() - make_interval(days => ${KEPT_DAYS})`.execute(db);
}
