import { sql } from 'kysely';
import { request } from 'undici';
import type { Condition } from '../apps/api/src/channels/index.ts';
import type { Database } from '../apps/api/src/db/schema.ts';

export const EVERY_S = 10;
export const MEASUREMENTS = 15;
export const FIELDS = 2;

/** Sends what all robots report in ten seconds: 30 numbers each, and a log entry of every sixth. @param at ms since 1970 */
export type Report = (at: number) => Promise<void>;

/** A fleet of one administrator, whose rules cover all of it. */
export async function makeFleet(db: Database, robots: number, conditions: Condition[]): Promise<void> {
  await sql`
    insert into users (email, hashed_password, name, role) values ('bench@lab.example', '!', 'Bench', 'admin')`.execute(
    db,
  );
  await sql`
    insert into robots (name, hostname, status, owner_id)
    select 'robot ' || n, 'orange', 'active', 1 from generate_series(1, ${robots}::int) n`.execute(db);
  await sql`insert into robot_presence (robot_id, seen_at) select id, now() from robots`.execute(db);
  await sql`
    insert into metric_series (robot_id, measurement, tags)
    select r.id, 'm' || m, '{}' from robots r, generate_series(0, ${MEASUREMENTS - 1}::int) m order by 1, 2`.execute(
    db,
  );
  await sql`
    insert into metric_fields (robot_id, measurement, field, type)
    select s.robot_id, s.measurement, 'f' || f, 'float' from metric_series s, generate_series(0, ${FIELDS - 1}::int) f`.execute(
    db,
  );
  await sql`
    insert into metric_channels (series_id, field)
    select s.id, 'f' || f from metric_series s, generate_series(0, ${FIELDS - 1}::int) f order by 1, 2`.execute(db);
  for (const condition of conditions)
    await sql`
      insert into alert_rules (owner_id, name, enabled, scope, condition, for_s, resolve_for_s, severity, channels)
      values (1, 'Rule', true, '{"all": true}', ${JSON.stringify(condition)}::jsonb, 60, 60, 'warning', '{}')`.execute(
      db,
    );
  await sql`
    create table bench_channels as
    select s.robot_id, array_agg(c.id order by c.id) as channels
    from metric_series s join metric_channels c on c.series_id = s.id group by 1`.execute(db);
}

export function reportsToPostgres(db: Database): Report {
  return async (at) => {
    await sql`
      insert into metric_recent (robot_id, time, channels, vals)
      select robot_id, ${String(at)}::bigint * 1000000 + robot_id, channels, array(
        select random() * 90 from generate_series(1, ${MEASUREMENTS * FIELDS}::int) where robot_id > 0
      ) from bench_channels order by robot_id`.execute(db);
    await sql`
      insert into log_entries (robot_id, time, digest, level, program, message)
      select id, ${String(at)}::bigint * 1000000 + id, md5(random()::text), 'err', 'nav', 'lost the map'
      from robots where id % 6 = ${Math.floor(at / 10_000) % 6}`.execute(db);
  };
}

/** Robots in one body. */
const AT_ONCE = 250;

/** @param settings of the server, with the token that writes */
export function reportsToInflux(settings: Record<string, string>, robots: number): Report {
  const { INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET, INFLUX_WRITE_TOKEN } = settings;
  const query = new URLSearchParams({ org: INFLUX_ORG ?? '', bucket: INFLUX_BUCKET ?? '', precision: 'ms' });
  return async (at) => {
    for (let first = 1; first <= robots; first += AT_ONCE) {
      const lines: string[] = [];
      for (let id = first; id < Math.min(first + AT_ONCE, robots + 1); id++) {
        const tags = `hostname=orange,owner_id=1,robot_id=${id},robot_name=robot${id}`;
        for (let m = 0; m < MEASUREMENTS; m++)
          lines.push(`m${m},${tags} f0=${Math.random() * 90},f1=${Math.random() * 90} ${at}`);
        if (id % 6 === Math.floor(at / 10_000) % 6)
          lines.push(`syslog,${tags} level="err",program="nav",message="lost the map" ${at}`);
      }
      const { statusCode, body } = await request(`${INFLUX_URL}/api/v2/write?${query}`, {
        ...{ method: 'POST', body: lines.join('\n') },
        headers: { authorization: `Token ${INFLUX_WRITE_TOKEN}` },
      });
      if (statusCode !== 204) throw new Error(await body.text());
    }
  };
}
