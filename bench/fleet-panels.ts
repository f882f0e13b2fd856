import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { days, figures, fullest, hottest, options, robots } from '../deploy/grafana/fleet-queries.ts';
import { embeddedDatabaseUrl, pairRobots, startRobowatch } from './robowatch.ts';

/** How long the panels of Grafana's dashboard of the fleet take, over 30 days. */
const { values } = parseArgs({ options: { robots: { type: 'string', default: '1000' } } });
const count = Number(values.robots);
const DAYS = 30;
/** How far back the tables reach. */
const KEPT_DAYS = 60;
const READS = 5;
const DAY_MS = 86_400_000;
const dir = await mkdtemp(join(tmpdir(), 'robowatch-panels-'));
const server = await startRobowatch(dir, {}, 0);
const database = new pg.Client(embeddedDatabaseUrl(dir));
try {
  await database.connect();
  await pairRobots(server.url, 1);
  const today = Math.floor(Date.now() / DAY_MS);
  const from = today - KEPT_DAYS;
  const partitions = (table: string, first: number, last: number, width: number) => `
    for n in ${Math.floor(first / width)}..${Math.floor(last / width)} loop
      execute format('create table if not exists ${table}_r%s partition of ${table} for values from (%s) to (%s)', n, n * ${width}, (n + 1) * ${width});
    end loop;`;
  await database.query(`
    update robots set created_at = now() - interval '100 days', first_write_at = now();
    insert into robots (name, hostname, architecture, status, owner_id, created_at, first_write_at, labels)
      select 'robot ' || n, hostname, architecture, status, owner_id, created_at, first_write_at, jsonb_build_object('site', 'site ' || n % 10)
      from robots, generate_series(2, ${count}) n where id = 1;
    insert into metric_series (robot_id, measurement, tags) select id, 'disk', '{"path": "/"}' from robots;
    insert into field_names (name) values ('used_percent') on conflict do nothing;
    do $$ begin ${partitions('rollup_days', from, today, 360)} ${partitions('day_figures', from, today, 360)} end $$;
    insert into rollup_days select day, s.id, f.id, 1, 50, 50, 50, 50 + random(), day * ${DAY_MS}::bigint, null
      from generate_series(${from}, ${today}) day, metric_series s, field_names f
      where s.measurement = 'disk' and f.name = 'used_percent' order by day, s.id;
    insert into day_figures select r.id, day, 20, 20 + 60 * random(), 40, 80 * random(), 50, 45, 40 + 30 * random(), 1, 1e9, 1e8, 480, 24
      from generate_series(${from}, ${today}) day, robots r order by day, r.id;
    insert into robot_activity (robot_id, hour, online_s, reports, logs)
      select r.id, hour, 3600, 360, '{"info": 20, "err": 1}' from generate_series(${from * 24}, ${today * 24}) hour, robots r
      order by hour, r.id on conflict do nothing;
    insert into robot_presence (robot_id, seen_at) select id, now() from robots on conflict do nothing;`);
  await database.query('vacuum analyze');
  const chosen: Record<string, string> = {};
  for (const [name, query] of [
    ['owner', options.owners],
    ['architecture', options.architectures],
    ['label', options.labels],
  ] as const)
    chosen[name] = (await database.query(query)).rows.map(({ __value }) => database.escapeLiteral(__value)).join();
  const range = [today - DAYS + 1, today + 1].map((day) => `'${new Date(day * DAY_MS).toISOString()}'`);
  const interpolated = (query: string) =>
    query
      .replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => chosen[name] ?? '')
      .replaceAll('$__timeFilter(v.day)', `v.day between ${range.join(' and ')}`);
  process.stdout.write(`${count} robots, ${DAYS} days; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`);
  const panels = {
    ...figures,
    ...Object.fromEntries(Object.entries(days).map(([name, of]) => [`${name} by day`, of])),
  };
  for (const [name, { sql }] of Object.entries({ ...panels, hottest, fullest, table: robots })) {
    const times: number[] = [];
    for (let i = 0; i < READS; i++) {
      const begin = performance.now();
      await database.query(interpolated(sql));
      times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    process.stdout.write(
      `${name}: median ${Math.round(times[Math.floor(READS / 2)] ?? 0)} ms, worst ${Math.round(times.at(-1) ?? 0)} ms\n`,
    );
  }
} finally {
  await database.end().catch(() => {});
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
