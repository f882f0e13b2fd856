import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { flushOf } from './bodies.ts';
import { Connection } from './fleet-connection.ts';
import { FleetRobot } from './fleet-robot.ts';
import { family, type Memory, memoryOf } from './process-usage.ts';
import { pairRobots, startRobowatch } from './robowatch.ts';

/**
 * What the server takes as `npm start` runs it without settings: time to start, and memory while robots report. Of the
 * server all that is resident, because here it shares Node's program with the load generator, which a board does not
 * have; of PostgreSQL's processes each one's share.
 */
const FLUSH_MS = 10_000;
const BODIES = 200;
const STARTS = 3;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
  },
});
const count = Number(values.robots);
const lastMs = Number(values.seconds) * 1000;

const dir = await mkdtemp(join(tmpdir(), 'robowatch-memory-'));
const say = (text: string) => void process.stdout.write(`${text}\n`);

async function timedStart() {
  const started = performance.now();
  const server = await startRobowatch(dir, { LOG_LEVEL: 'info' }, 0);
  return { server, seconds: (performance.now() - started) / 1000 };
}

let { server, seconds } = await timedStart();
const robots: FleetRobot[] = [];
try {
  say(`${count} robots, ${values.seconds} s; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`);
  const warm: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    await server.stop();
    const again = await timedStart();
    server = again.server;
    warm.push(again.seconds);
  }
  say(`Start: ${seconds.toFixed(2)} s on an empty folder, then ${warm.map((s) => s.toFixed(2)).join(', ')} s.`);

  const { tokens } = await pairRobots(server.url, count);
  if (count > 1) {
    // Pairing a fleet within a minute is not what is measured.
    await server.stop();
    server = (await timedStart()).server;
  }
  const port = Number(new URL(server.url).port);
  const bodies = Array.from({ length: BODIES }, () => gzipSync(flushOf().join('\n')));
  const given = { get: (robot: number) => bodies[robot % BODIES] as Buffer };
  robots.push(...tokens.map((token, i) => new FleetRobot(new Connection(port), token, given, i)));
  let [stored, other] = [0, 0];
  const most = { server: 0, postgres: 0, together: 0 };
  const started = performance.now();
  let sampled = started;
  for (let sent = 0; performance.now() - started < lastMs; await sleep(5)) {
    const due = Math.floor(((performance.now() - started) / FLUSH_MS) * count) + 1;
    for (; sent < due; sent++)
      void robots[sent % count]?.flush(1, ({ status }) => (status === 204 ? stored++ : other++));
    if (performance.now() - sampled < 1000) continue;
    sampled = performance.now();
    const { own, postgres } = measured();
    most.server = Math.max(most.server, own.rss);
    most.postgres = Math.max(most.postgres, postgres.pss);
    most.together = Math.max(most.together, own.rss + postgres.pss);
  }
  const { own, postgres, processes } = measured();
  say(`Reports: ${stored} stored, ${other} not.\n`);
  say('| MiB | at the end | most |\n|---|---|---|');
  say(`| server | ${round(own.rss)} | ${round(most.server)} |`);
  say(`| PostgreSQL, ${processes} processes | ${round(postgres.pss)} | ${round(most.postgres)} |`);
  say(`| together | ${round(own.rss + postgres.pss)} | ${round(most.together)} |`);
} finally {
  for (const robot of robots) robot.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}

function measured(): { own: Memory; postgres: Memory; processes: number } {
  const [main, ...others] = family(server.pid);
  return { own: memoryOf([main as number]), postgres: memoryOf(others), processes: others.length };
}

function round(mib: number): string {
  return mib.toFixed(0);
}
