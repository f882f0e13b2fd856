import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setUpInflux } from '../apps/api/src/stores/influxdb/setup.ts';
import { startInfluxd } from '../tools/real/influxd.ts';
import { writeBodies } from './bodies.ts';
import { type Load, run, type Target } from './load.ts';
import { startFastApi } from './peers/fastapi.ts';
import { startNginx } from './peers/nginx.ts';
import { benchPostgres } from './postgres.ts';
import { cpuSeconds, family, peakMiB, resetPeak } from './process-usage.ts';
import { embeddedDatabaseUrl, startRobowatch } from './robowatch.ts';
import { printTable, type Row } from './table.ts';

const LOADS: Load[] = [
  { name: '15 lines, 1 connection', connections: 1, lines: 15, gzip: false },
  { name: '15 lines, 64 connections', connections: 64, lines: 15, gzip: false },
  { name: '15 lines, 256 connections', connections: 256, lines: 15, gzip: false },
  { name: '15 lines, 1000 connections', connections: 1000, lines: 15, gzip: false },
  { name: '15 lines gzipped, 256 connections', connections: 256, lines: 15, gzip: true },
  { name: '100 lines, 64 connections', connections: 64, lines: 100, gzip: false },
  { name: 'herd: 150 lines gzipped, 1000 connections', connections: 1000, lines: 150, gzip: true },
];
const CEILING: Load = { name: '5000 lines, 4 connections', connections: 4, lines: 5000, gzip: false };
const ROBOTS = 1000;
const WARM_UP_S = 2;
const MAX_WARM_UPS = 8;
const MAX_SETTLING_MS = 60_000;
const SETTLING_STEP_MS = 1000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: 'robowatch,influxdb,nginx,fastapi' },
    store: { type: 'string', default: 'influxdb' },
    json: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
if (values.store === 'postgres') {
  await benchPostgres({ seconds, rounds, only: values.only });
  process.exit();
}
const wanted = values.peers.split(',');
const loads = LOADS.filter(({ name }) => name.includes(values.only));

const dir = await mkdtemp(join(tmpdir(), 'robowatch-bench-'));
const running: { name: string; pid: number; stop(): Promise<void> }[] = [];
try {
  const influxd = await startInfluxd();
  running.push({ name: 'influxd', pid: influxd.pid, stop: influxd.stop });
  const { url, org, bucket, adminToken } = influxd;
  const { writeToken, readToken } = await setUpInflux({ url, org, bucket, adminToken, retentionSeconds: 30 * 86_400 });
  const influx = { INFLUX_URL: url, INFLUX_ORG: org, INFLUX_BUCKET: bucket, INFLUX_WRITE_TOKEN: writeToken };
  const writePath = `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ns' })}`;

  const robowatch = await startRobowatch(dir, { ...influx, INFLUX_READ_TOKEN: readToken }, ROBOTS);
  running.push({ name: 'robowatch', ...robowatch });
  const viaApi = { path: '/api/metrics', scheme: 'Bearer' as const, tokens: robowatch.tokens };
  const direct = { url, path: writePath, scheme: 'Token' as const, tokens: [writeToken], stamped: true };
  const targets: Target[] = [{ name: 'robowatch', url: robowatch.url, ...viaApi, stamped: false }];
  if (wanted.includes('influxdb')) targets.push({ name: 'influxdb', ...direct });
  if (wanted.includes('nginx')) {
    const nginx = await startNginx({ influxUrl: url, writePath, writeToken, tokens: robowatch.tokens });
    running.push({ name: 'nginx', ...nginx });
    targets.push({ name: 'nginx', url: nginx.url, ...viaApi, stamped: true });
  }
  if (wanted.includes('fastapi')) {
    const fastapi = await startFastApi({ ...influx, DATABASE_URL: embeddedDatabaseUrl(dir) });
    running.push({ name: 'fastapi', ...fastapi });
    targets.push({ name: 'fastapi', url: fastapi.url, ...viaApi, stamped: true });
  }

  /**
   * Lists the embedded PostgreSQL, whose processes are children of the server, separately; its memory is shared, so no
   * sum.
   */
  const usage = () =>
    running.flatMap(({ name, pid }) => {
      const [self, ...others] = family(pid) as [number, ...number[]];
      const own = name === 'robowatch' ? [self] : [self, ...others];
      const database = name === 'robowatch' ? [{ name: 'postgres', cpu: cpuSeconds(others) }] : [];
      return [{ name, cpu: cpuSeconds(own) }, ...database];
    });

  /** InfluxDB keeps working after a load (snapshots, compactions), which must not affect the next measurement. */
  const untilIdle = async () => {
    for (const end = Date.now() + MAX_SETTLING_MS; Date.now() < end; ) {
      const busy = cpuSeconds([influxd.pid]);
      await sleep(SETTLING_STEP_MS);
      if (cpuSeconds([influxd.pid]) - busy < (0.1 * SETTLING_STEP_MS) / 1000) return;
    }
  };

  /** Runs until every robot has sent its series at least once, so that creating new series is not measured. */
  const warmUp = async (load: () => Promise<{ requests: number }>) => {
    for (let requests = 0, i = 0; requests < ROBOTS * 1.5 && i < MAX_WARM_UPS; i++) requests += (await load()).requests;
  };

  const rows: Row[] = [];
  const measure = async (load: Load, target: Target, round: number) => {
    const count = load.lines > 1000 ? 40 : ROBOTS;
    const bodies = join(dir, `bodies-${load.lines}-${load.gzip}-${target.stamped}-${load.lines > 1000}`);
    await writeBodies(bodies, { count, lines: load.lines, gzip: load.gzip, stamped: target.stamped });
    if (round === 0) return warmUp(() => run(load, target, bodies, count, dir, WARM_UP_S));
    await untilIdle();
    for (const { pid } of running) resetPeak(pid);
    const before = usage();
    const result = await run(load, target, bodies, count, dir, seconds);
    const after = usage();
    const lines = result.requests * load.lines;
    const processes = after.map(({ name, cpu }, i) => ({
      name,
      cpu_s_per_million_lines: ((cpu - (before[i]?.cpu ?? 0)) / lines) * 1e6,
      peak_mib: name === 'postgres' ? null : peakMiB(running.find((program) => program.name === name)?.pid as number),
    }));
    rows.push({ load: load.name, target: target.name, round, lines_per_request: load.lines, ...result, processes });
    process.stderr.write(`${load.name} · ${target.name} · ${Math.round(result.requests / result.seconds)}/s\n`);
  };
  // Round 0 is a warm-up. Targets take turns, so that changes in the machine's speed affect all of them.
  for (let round = 0; round <= rounds; round++) {
    if (wanted.includes('influxdb')) await measure(CEILING, { name: 'influxdb', ...direct }, round);
    for (const load of loads) for (const target of targets) await measure(load, target, round);
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  process.stdout.write(printTable(rows, machine, CEILING.name));
  if (values.json) await writeFile(values.json, `${JSON.stringify({ machine, at: new Date(), rows }, null, 1)}\n`);
} finally {
  for (const { stop } of running.reverse()) await stop();
  await rm(dir, { recursive: true, force: true });
}
