import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { flushOf } from './bodies.ts';
import { startStore } from './metrics-store.ts';
import { cpuSeconds, family } from './process-usage.ts';
import { embeddedDatabaseUrl, pairRobots, startRobowatch } from './robowatch.ts';

/** What it costs to roll up an hour of a fleet, and to pack it in PostgreSQL, and how long a year takes to read. */
const FLUSHES = 360;
const HOUR_S = 3600;
const FLEET = 1000;
const READS = 20;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '50' },
    store: { type: 'string', default: 'postgres' },
    workers: { type: 'string', default: '1' },
  },
});
const count = Number(values.robots);
const dir = await mkdtemp(join(tmpdir(), 'robowatch-rollups-'));
const store = await startStore(values.store);
const settings = { ...store.settings, ROBOT_BYTES_PER_SECOND: '1000000000', API_WORKERS: values.workers };
const server = await startRobowatch(dir, settings, 0);
const servers = family(server.pid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.js'));
const database = new pg.Client(embeddedDatabaseUrl(dir));
try {
  await database.connect();
  const { tokens, access_token } = await pairRobots(server.url, count);
  const hour = (Math.floor(Date.now() / 1000 / HOUR_S) - 2) * HOUR_S;
  for (const token of tokens) {
    const lines: string[] = [];
    for (let i = 0; i < FLUSHES; i++) lines.push(...flushOf().map((line) => `${line} ${hour + i * 10}`));
    for (let i = 0; i < lines.length; i += 1000) {
      const body = lines.slice(i, i + 1000).join('\n');
      const headers = { authorization: `Bearer ${token}` };
      const reply = await fetch(`${server.url}/api/metrics?precision=s`, { method: 'POST', headers, body });
      if (reply.status !== 204) throw new Error(`${reply.status} ${await reply.text()}`);
    }
  }
  const one = async (text: string) => Number((await database.query(text)).rows[0]?.n);
  const due = () => one(`select count(*) as n from rollup_due where hour <= ${hour / HOUR_S}`);
  const unpacked = () => one(`select count(*) as n from metric_recent where time < ${(hour + HOUR_S) * 1e9}`);
  const parties = () => [
    servers,
    family(server.pid).filter((pid) => !servers.includes(pid)),
    store.pid ? family(store.pid) : [],
  ];
  await database.query('checkpoint').catch(() => {});
  const before = parties().map(cpuSeconds);
  await database.query('update rollup_due set due_at = now()');
  const started = performance.now();
  while ((await due()) > 0) await sleep(100);
  const seconds = (performance.now() - started) / 1000;
  const used = parties().map((pids, i) => cpuSeconds(pids) - (before[i] ?? 0));
  while ((await unpacked()) > 0) await sleep(100);
  const withPacking = parties()
    .map((pids, i) => cpuSeconds(pids) - (before[i] ?? 0))
    .reduce((sum, cpu) => sum + cpu, 0);
  const all = used.reduce((sum, cpu) => sum + cpu, 0);
  const rows = await one(`select count(*) as n from rollup_hours where hour = ${hour / HOUR_S}`);
  const bytes = await one(
    "select sum(pg_total_relation_size(inhrelid)) as n from pg_inherits where inhparent = 'rollup_hours'::regclass",
  );
  const share = (seconds: number) => `${(((seconds / count) * FLEET * 100) / HOUR_S / 2).toFixed(2)} %`;
  process.stdout.write(
    `${count} robots, an hour each, ${values.store}, ${values.workers} processes; ${cpus().length} × ${cpus()[0]?.model.trim()}\n\n` +
      `${rows} rows of ${Math.round(bytes / rows)} bytes in ${seconds.toFixed(1)} s (the job runs every 15 s)\n` +
      `Processor seconds: server ${used[0]?.toFixed(2)}, PostgreSQL ${used[1]?.toFixed(2)}, InfluxDB ${used[2]?.toFixed(2)}\n` +
      `Of two cores, for ${FLEET} robots: ${share(all)} until all is rolled up, ${share(withPacking)} until all is packed, too\n`,
  );

  // A year of hours and days for one robot, as if it had been there.
  const year = 365 * 24;
  const last = hour / HOUR_S;
  await database.query(`
    do $$ declare r int; begin
      for r in ${Math.floor((last - year) / 720)}..${Math.floor(last / 720)} loop
        execute format('create table if not exists rollup_hours_r%s partition of rollup_hours for values from (%s) to (%s)', r, r * 720, (r + 1) * 720);
      end loop;
      for r in ${Math.floor((last - year) / 24 / 360)}..${Math.floor(last / 24 / 360)} loop
        execute format('create table if not exists rollup_days_r%s partition of rollup_days for values from (%s) to (%s)', r, r * 360, (r + 1) * 360);
      end loop;
    end $$`);
  await database.query(`
    insert into rollup_hours select h.hour - n, series_id, field_id, count, sum, min, max, last, last_at - n * 3600000::bigint, increase
    from rollup_hours h join metric_series s on s.id = h.series_id, generate_series(1, ${year}) n
    where s.robot_id = 1 and h.hour = ${last} on conflict do nothing`);
  await database.query(`
    insert into rollup_days select floor(hour / 24.0)::int, series_id, field_id, sum(count), sum(sum), min(min), max(max), max(last), max(last_at), sum(increase)
    from rollup_hours group by 1, 2, 3 on conflict do nothing`);
  await database.query('analyze');
  const measurements = ['cpu', 'mem', 'disk', 'net', 'temp', 'system', 'battery'];
  for (const [range, every] of [
    ['30d', '1h'],
    ['90d', '3h'],
    ['365d', '1d'],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < READS; i++) {
      const begin = performance.now();
      await Promise.all(
        measurements.map(async (measurement) => {
          const reply = await fetch(`${server.url}/api/robots/1/metrics/${measurement}?from=-${range}&every=${every}`, {
            headers: { authorization: `Bearer ${access_token}` },
          });
          if (reply.status !== 200) throw new Error(await reply.text());
          await reply.arrayBuffer();
        }),
      );
      times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    process.stdout.write(
      `A robot's page over ${range} in steps of ${every}: median ${Math.round(times[READS / 2] ?? 0)} ms, worst ${Math.round(times.at(-1) ?? 0)} ms\n`,
    );
  }
} finally {
  await database.end().catch(() => {});
  await server.stop();
  await store.stop();
  await rm(dir, { recursive: true, force: true });
}
