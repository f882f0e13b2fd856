import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launch } from '../apps/api/test/support/server-process.ts';
import { EdgeRobot, type Outcome } from '../deploy/edge/edge-robot.ts';
import { startReplicated } from '../deploy/edge/replicated.ts';
import { startPostgres } from '../tools/real/postgres.ts';

/**
 * What robots notice when the processes behind the edge are restarted one after the other, and one is killed: the time of
 * a reply against that of calm minutes before and after, through the real Caddy with TLS. The processes have their code
 * compiled, as in the images; `--compiled no` is without.
 */
const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '150' },
    replicas: { type: 'string', default: '3' },
    every: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    compiled: { type: 'string', default: 'yes' },
  },
});
const [robots, replicas, everyMs] = [Number(values.robots), Number(values.replicas), Number(values.every)];
const from = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 12 * 3_600_000;

const cache = await mkdtemp(join(tmpdir(), 'robowatch-compiled-'));
const compiled: Record<string, string> = values.compiled === 'yes' ? { NODE_COMPILE_CACHE: cache } : {};
if (values.compiled === 'yes') await launch({ env: compiled, args: ['--compile'] });
const postgres = await startPostgres();
const lab = await startReplicated(replicas, {
  ...compiled,
  DATABASE_URL: postgres.url,
  ...{ DATABASE_POOL_SIZE: '10', DATABASE_READ_POOL_SIZE: '2' },
});
let isOver = false;
const fleet: EdgeRobot[] = [];
try {
  const owner = await lab.signIn();
  const { ca, ports } = lab.edge;
  const url = `https://127.0.0.1:${ports.get('9100')}`;
  for (let i = 0; i < robots; i++) fleet.push(new EdgeRobot(url, (await lab.pair(owner, i)).token, { ca, from }));
  const lives = fleet.map((robot, i) => robot.live(everyMs, (i / robots) * everyMs, () => isOver));
  const phase = async (work: () => Promise<unknown>) => {
    const before = fleet.map(({ outcomes }) => outcomes.length);
    await work();
    return fleet.flatMap(({ outcomes }, i) => outcomes.slice(before[i]));
  };
  const calm = () => phase(() => sleep(Number(values.seconds) * 1000));
  await calm();
  const before = await calm();
  const rolling = await phase(async () => {
    for (let i = 0; i < replicas; i++) {
      await lab.restart(i, i === replicas - 1 ? 'SIGKILL' : 'SIGTERM');
      await sleep(2_000);
    }
  });
  const after = await calm();
  isOver = true;
  await Promise.all(lives);
  const calmP99 = p99([...before, ...after]);
  process.stdout.write(
    `${robots} robots, a report each ${everyMs} ms, ${replicas} processes behind the edge; ${cpus().length} × ${cpus()[0]?.model.trim()}\n\n`,
  );
  process.stdout.write('| | replies | p50 ms | p99 ms | × calm | not 204 |\n|---|---|---|---|---|---|\n');
  for (const [name, of] of Object.entries({
    'calm, before': before,
    'restarted in turn, one killed': rolling,
    'calm, after': after,
  }))
    process.stdout.write(
      `| ${name} | ${of.length} | ${at(of, 0.5)} | ${p99(of)} | ${(p99(of) / calmP99).toFixed(2)} | ${others(of)} |\n`,
    );
  const dropped = fleet.reduce((sum, robot) => sum + robot.dropped, 0);
  process.stdout.write(`\nPoints dropped because of a reply: ${dropped}\n`);
} finally {
  isOver = true;
  await lab.stop();
  await postgres.stop();
  await rm(cache, { recursive: true });
}

function at(of: Outcome[], share: number): number {
  const times = of.map(({ ms }) => ms).sort((a, b) => a - b);
  return Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
}

function p99(of: Outcome[]): number {
  return at(of, 0.99);
}

/** Statuses other than 204 and how many there were; 0 is none at all. */
function others(of: Outcome[]): string {
  const groups = Map.groupBy(
    of.filter(({ status }) => status !== 204),
    ({ status }) => status,
  );
  return [...groups].map(([status, some]) => `${status}: ${some.length}`).join(', ') || '–';
}
