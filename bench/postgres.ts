import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { writeBodies } from './bodies.ts';
import { type Load, run } from './load.ts';
import { MONTH_DAYS, sendMonth } from './month.ts';
import { type Page, readPage } from './page.ts';
import { cpuSeconds, family, peakMiB, resetPeak } from './process-usage.ts';
import { embeddedDatabaseUrl, startRobowatch } from './robowatch.ts';
import { printTable, type Row } from './table.ts';

const LOADS: Load[] = [
  { name: '15 lines, 64 connections', connections: 64, lines: 15, gzip: false },
  { name: '15 lines, 256 connections', connections: 256, lines: 15, gzip: false },
  { name: '15 lines gzipped, 256 connections', connections: 256, lines: 15, gzip: true },
  { name: '9 wide lines, 256 connections', connections: 256, lines: 9, gzip: false, wide: true },
  { name: '100 lines, 64 connections', connections: 64, lines: 100, gzip: false },
  { name: 'herd: 150 lines gzipped, 1000 connections', connections: 1000, lines: 150, gzip: true },
];
const ROBOTS = 1000;
const WARM_UP_S = 3;
const READS = 5;

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The embedded store: writes, bytes on disk, and a robot's page over one robot's month. */
export async function benchPostgres({ seconds, rounds, only }: { seconds: number; rounds: number; only: string }) {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-bench-'));
  const server = await startRobowatch(dir, { ROBOT_BYTES_PER_SECOND: '1000000000' }, ROBOTS + 1);
  try {
    const rows: Row[] = [];
    const loads = LOADS.filter(({ name }) => name.includes(only));
    const tokens = server.tokens.slice(0, ROBOTS);
    const target = {
      name: 'robowatch',
      url: server.url,
      path: '/api/metrics',
      scheme: 'Bearer' as const,
      tokens,
      stamped: false,
    };
    for (let round = 0; round <= rounds; round++)
      for (const load of loads) {
        const bodies = join(dir, `bodies-${load.lines}-${load.gzip}`);
        await writeBodies(bodies, { count: ROBOTS, stamped: false, ...load });
        if (round === 0) {
          await run(load, target, bodies, ROBOTS, dir, WARM_UP_S);
          continue;
        }
        resetPeak(server.pid);
        const usage = () => [[server.pid], family(server.pid).slice(1)].map(cpuSeconds) as [number, number];
        const before = usage();
        const result = await run(load, target, bodies, ROBOTS, dir, seconds);
        const after = usage();
        const spent = (i: 0 | 1) => ((after[i] - before[i]) / (result.requests * load.lines)) * 1e6;
        const processes = [
          { name: 'robowatch', cpu_s_per_million_lines: spent(0), peak_mib: peakMiB(server.pid) },
          { name: 'postgres', cpu_s_per_million_lines: spent(1), peak_mib: null },
        ];
        rows.push({ load: load.name, target: target.name, round, lines_per_request: load.lines, ...result, processes });
      }
    if (rows.length > 0) process.stdout.write(`${printTable(rows, machine, '')}\n`);
    if (!only || only === 'month') await month(dir, server);
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Server {
  url: string;
  tokens: string[];
  admin: string;
}

async function month(dir: string, server: Server): Promise<void> {
  const database = new pg.Client(embeddedDatabaseUrl(dir));
  await database.connect();
  try {
    await storeAndReadMonth(database, server);
  } finally {
    await database.end();
  }
}

async function storeAndReadMonth(database: pg.Client, { url, tokens, admin }: Server): Promise<void> {
  const size = async () =>
    Number(
      (
        await database.query(
          `select sum(pg_total_relation_size(oid)) as size from pg_class where relkind in ('r', 'p') and relname ~ '^metric_(points|recent|blocks|others)'`,
        )
      ).rows[0].size,
    );
  const before = await size();
  const started = performance.now();
  const lines = await sendMonth(url, tokens.at(-1) as string);
  const rate = Math.round(lines / ((performance.now() - started) / 1000));
  const bytes = async () => ((await size()) - before) / lines;
  process.stdout.write(
    `A robot's month, ${lines} lines: sent at ${rate} lines/s; ${(await bytes()).toFixed(0)} bytes a line at once, `,
  );
  // Until nothing changes any more: packed, rolled up, and vacuumed.
  for (let last = -1, now = await size(); now !== last; [last, now] = [now, await size()]) await sleep(75_000);
  process.stdout.write(
    `${(await bytes()).toFixed(0)} later.\n\n| the robot's page over | ms | values |\n|---|---|---|\n`,
  );
  for (const days of [1 / 24, 1, 7, MONTH_DAYS]) {
    const reads: Page[] = [];
    for (let i = 0; i < READS; i++) reads.push(await readPage(url, admin, ROBOTS + 1, days));
    process.stdout.write(
      `| ${days < 1 ? '1 h' : `${days} d`} | ${Math.round(median(reads.map(({ ms }) => ms)))} | ${reads[0]?.values} |\n`,
    );
  }
}
