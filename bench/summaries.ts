import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { flushOf } from './bodies.ts';
import { embeddedDatabaseUrl, pairRobots, startRobowatch } from './robowatch.ts';

/** How long the summary of a week takes, of a fleet and of a robot, by the days of UTC and of other zones. */
const { values } = parseArgs({ options: { robots: { type: 'string', default: '1000' } } });
const count = Number(values.robots);
const DAYS = 8;
const HOUR_S = 3600;
const READS = 10;
const dir = await mkdtemp(join(tmpdir(), 'robowatch-summaries-'));
const server = await startRobowatch(dir, {}, 0);
const database = new pg.Client(embeddedDatabaseUrl(dir));
try {
  await database.connect();
  const { tokens, access_token } = await pairRobots(server.url, 1);
  const last = Math.floor(Date.now() / 1000 / HOUR_S) - 1;
  const lines = [0, 10].flatMap((s) => flushOf().map((line) => `${line} ${last * HOUR_S + s}`));
  const headers = { authorization: `Bearer ${tokens[0]}` };
  await fetch(`${server.url}/api/metrics?precision=s`, { method: 'POST', headers, body: lines.join('\n') });
  await database.query('update rollup_due set due_at = now()');
  const one = async (text: string) => Number((await database.query(text)).rows[0]?.n);
  while ((await one(`select count(*) as n from rollup_due where hour = ${last}`)) > 0) await sleep(100);

  // The robot's hour, copied to the others and to a week, in the order in which hours are really written.
  await database.query(`
    update robots set created_at = now() - interval '30 days';
    insert into robots (name, hostname, architecture, status, owner_id, created_at)
      select 'robot ' || n, hostname, architecture, status, owner_id, created_at from robots, generate_series(2, ${count}) n where id = 1;
    insert into metric_series (robot_id, measurement, tags)
      select r.id, s.measurement, s.tags from metric_series s, robots r where s.robot_id = 1 and r.id > 1 order by r.id, s.id;
    do $$ declare n int; begin
      for n in ${Math.floor((last - DAYS * 24) / 720)}..${Math.floor(last / 720)} loop
        execute format('create table if not exists rollup_hours_r%s partition of rollup_hours for values from (%s) to (%s)', n, n * 720, (n + 1) * 720);
      end loop;
      for n in ${Math.floor((last / 24 - DAYS) / 360)}..${Math.floor(last / 24 / 360)} loop
        execute format('create table if not exists rollup_days_r%s partition of rollup_days for values from (%s) to (%s)', n, n * 360, (n + 1) * 360);
      end loop;
    end $$;
    create temporary table kept as select s.measurement, s.tags, h.* from rollup_hours h join metric_series s on s.id = h.series_id
      where s.robot_id = 1 and h.hour = ${last};
    insert into rollup_hours select ${last} - n, s.id, k.field_id, k.count, k.sum, k.min, k.max * (1 + random() / 10), k.last, k.last_at - n * 3600000::bigint, k.increase
      from generate_series(${DAYS * 24}, 0, -1) n, kept k join metric_series s using (measurement, tags) order by n desc, s.id
      on conflict do nothing;
    insert into rollup_days select floor(hour / 24.0)::int, series_id, field_id, sum(count), sum(sum), min(min), max(max), max(last), max(last_at), sum(increase)
      from rollup_hours group by 1, 2, 3 order by 1, 2 on conflict do nothing;
    insert into robot_activity (robot_id, hour, online_s, reports, logs)
      select r.id, ${last} - n, 3600, 360, '{"info": 20, "err": 1}' from generate_series(${DAYS * 24}, 0, -1) n, robots r on conflict do nothing;
    do $$ begin
      for n in ${Math.floor((last - DAYS * 24) / 720)}..${Math.floor(last / 720)} loop
        execute format('create table if not exists hour_figures_r%s partition of hour_figures for values from (%s) to (%s)', n, n * 720, (n + 1) * 720);
      end loop;
    end $$;
    insert into hour_figures (robot_id, hour, cpu_mean, memory_max, temperature_max, log_entries, error_logs)
      select r.id, ${last} - n, 20 + 60 * random(), 80 * random(), 40 + 30 * random(), 21, 1
      from generate_series(${DAYS * 24}, 0, -1) n, robots r order by n desc, r.id on conflict do nothing;`);
  await database.query('vacuum analyze');
  const rows = await one('select count(*) as n from rollup_hours');
  process.stdout.write(`${count} robots, ${rows} rows of hours; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`);
  for (const path of ['fleet/summary', 'robots/1/summary'])
    for (const zone of ['UTC', 'Europe/Moscow', 'Asia/Kolkata', 'America/New_York']) {
      const times: number[] = [];
      for (let i = 0; i < READS; i++) {
        const begin = performance.now();
        const reply = await fetch(`${server.url}/api/${path}?tz=${zone}`, {
          headers: { authorization: `Bearer ${access_token}` },
        });
        if (reply.status === 400) break;
        if (reply.status !== 200) throw new Error(await reply.text());
        await reply.arrayBuffer();
        times.push(performance.now() - begin);
      }
      times.sort((a, b) => a - b);
      if (times.length === 0) {
        process.stdout.write(`${path}, ${zone}: refused, as too many days\n`);
        continue;
      }
      process.stdout.write(
        `${path}, ${zone}: median ${Math.round(times[READS / 2] ?? 0)} ms, worst ${Math.round(times.at(-1) ?? 0)} ms\n`,
      );
    }
} finally {
  await database.end().catch(() => {});
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
