import { chmodSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import pino from 'pino';
import { evaluate } from '../apps/api/src/alerts/index.ts';
import { RecentWindows } from '../apps/api/src/arrivals/index.ts';
import type { Condition } from '../apps/api/src/channels/index.ts';
import { connect } from '../apps/api/src/db/client.ts';
import { startEmbeddedPostgres } from '../apps/api/src/db/embedded-postgres.ts';
import { migrate } from '../apps/api/src/db/migrate.ts';
import { createViews } from '../apps/api/src/rollups/view-store.ts';
import { InfluxStore } from '../apps/api/src/stores/influxdb/influxdb-store.ts';
import { PostgresStore } from '../apps/api/src/stores/postgres/postgres-store.ts';
import { arrivalsOf, watchedForLong } from './alert-arrivals.ts';
import { EVERY_S, makeFleet, reportsToInflux, reportsToPostgres } from './alert-fleet.ts';
import { startStore } from './metrics-store.ts';
import { cpuSeconds, family } from './process-usage.ts';

/** What it costs to evaluate ten rules for a fleet that goes on reporting, every ten seconds. */
const { values } = parseArgs({
  options: {
    ...{ robots: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '8' } },
    ...{ window: { type: 'string', default: '60' }, store: { type: 'string', default: 'postgres' } },
    /** Reads windows from the store, as in the first minutes after a rule was made. */
    unwatched: { type: 'boolean', default: false },
  },
});
const [robots, rounds, window_s] = [Number(values.robots), Number(values.rounds), Number(values.window)];
/** Before those that count: what is held fills. */
const WARM_UP = 3;
/** InfluxDB goes on compacting what was written, whatever else is done. */
const IDLE_MS = 1_000;

type Threshold = Extract<Condition, { kind: 'threshold' }>;
const threshold = (i: number, fn: Threshold['fn'], value: number): Threshold => ({
  ...{ kind: 'threshold', measurement: `m${i}`, field: 'f0', fn, window_s, op: '>', value },
});
const THRESHOLDS = [
  ...[threshold(0, 'mean', 1e6), threshold(1, 'mean', 1e6), threshold(2, 'max', 1e6), threshold(3, 'max', 1e6)],
  ...[threshold(4, 'last', 1e6), threshold(5, 'last', 1e6), threshold(6, 'last', 1e6), threshold(7, 'mean', 99.9)],
];
const CONDITIONS: Condition[] = [
  ...THRESHOLDS,
  { kind: 'offline', after_s: 300 },
  { kind: 'log', level: 'err', q: 'lost', count: 15, window_s },
];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = () => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const dir = await mkdtemp(join(tmpdir(), 'robowatch-alerts-'));
chmodSync(dir, 0o755);
const data = join(dir, 'database');
mkdirSync(data);
const postgres = await startEmbeddedPostgres(data);
const metrics = await startStore(values.store);
const { db } = connect(postgres.url, 10);
const { db: reads } = connect(postgres.url, 5);
const store = makeStore();
try {
  await migrate(db);
  await createViews(db, 365 * 86_400);
  await store.maintain();
  await makeFleet(db, robots, CONDITIONS);
  const report = metrics.pid ? reportsToInflux(metrics.settings, robots) : reportsToPostgres(db);
  const recent = new RecentWindows(db, store);
  const arrive = arrivalsOf(db, robots);
  if (!values.unwatched) await watchedForLong(db);
  const start = Date.now();
  for (let s = window_s + 60; s > 0; s -= EVERY_S) await report(start - s * 1000);
  await sql`vacuum analyze`.execute(db);
  const deps = { db, store, recent, queueNews: async () => {}, note: () => {} };
  const run = () => evaluate(deps, AbortSignal.timeout(120_000), Date.now());
  // Has the rules' fields watched.
  await run();
  const empty = heap();
  const spent: number[][] = [];
  const noting: number[][] = [];
  const idle: number[][] = [];
  const spentBy = async (work: () => Promise<unknown>) => {
    const [before, started] = [usage(), performance.now()];
    await work();
    const ms = performance.now() - started;
    return [...usage().map((seconds, k) => seconds - (before[k] as number)), ms];
  };
  let held = 0;
  for (let i = 0; i < WARM_UP + rounds; i++) {
    const began = performance.now();
    const at = Date.now() - 7_000;
    await report(at);
    idle.push(await spentBy(() => sleep(IDLE_MS)));
    let server = 0;
    const [, database, influx, ms] = await spentBy(async () => {
      server = await arrive(at);
    });
    noting.push([server, database, influx, ms].map(Number));
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    spent.push(await spentBy(run));
    delays.disable();
    if (i >= WARM_UP) held = Math.max(held, delays.max / 1e6);
    await sleep(Math.max(0, EVERY_S * 1000 - (performance.now() - began)));
  }
  const share = (seconds: number) => `${((100 * seconds) / EVERY_S).toFixed(1)} %`;
  const line = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model.trim()}; ${robots} robots, ${CONDITIONS.length} rules over ${window_s} s, every ${EVERY_S} s; ` +
      `heap ${empty.toFixed(0)} MB before, ${heap().toFixed(0)} MB after; event loop held ${Math.round(held)} ms at most\n\n`,
  );
  line([
    ...[values.store, 'server, CPU s', 'PostgreSQL, CPU s', 'InfluxDB, CPU s'],
    ...['of one core', 'ms', 'longest ms'],
  ]);
  line(Array<string>(7).fill('---'));
  for (const [name, all] of [
    [`nothing, for ${IDLE_MS} ms`, idle],
    ['noting what arrives', noting],
    ['evaluation', spent],
  ] as const) {
    const counted = all.slice(WARM_UP);
    const [node = 0, database = 0, influx = 0, ms = 0] = [0, 1, 2, 3].map(
      (k) => counted.reduce((sum, one) => sum + (one[k] as number), 0) / rounds,
    );
    const longest = Math.round(Math.max(...counted.map((one) => one[3] as number)));
    const figures = [node.toFixed(2), database.toFixed(2), metrics.pid ? influx.toFixed(2) : '–'];
    line([name, ...figures, share(node + database + influx), Math.round(ms), longest]);
  }
} finally {
  await Promise.all([db.destroy(), reads.destroy()]);
  await store.close();
  await metrics.stop();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}

function makeStore() {
  const { INFLUX_URL: url = '', INFLUX_ORG: org = '', INFLUX_BUCKET: bucket = '', ...tokens } = metrics.settings;
  const [writeToken, readToken] = [tokens.INFLUX_WRITE_TOKEN ?? '', tokens.INFLUX_READ_TOKEN ?? ''];
  const limits = { retention: 30 * 86_400, maxChannels: 1000 };
  return metrics.pid
    ? new InfluxStore({ url, org, bucket, writeToken, readToken }, { writesInFlight: 2, maxFutureMs: 600_000 })
    : new PostgresStore(db, reads, limits, pino({ level: 'silent' }));
}

/** CPU seconds of this process, the database and InfluxDB. */
function usage(): [number, number, number] {
  const { user, system } = process.cpuUsage();
  const others = family(process.pid).slice(1);
  const ofInflux = metrics.pid ? family(metrics.pid) : [];
  return [(user + system) / 1e6, cpuSeconds(others.filter((pid) => !ofInflux.includes(pid))), cpuSeconds(ofInflux)];
}
