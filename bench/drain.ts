import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { flushOf } from './bodies.ts';
import { startStore } from './metrics-store.ts';
import { pairRobots, startRobowatch } from './robowatch.ts';

/** Robots drain a backlog in bodies of a thousand lines: new robots, known robots, and after the server was killed. */
const LINES = 1_000;
/** One robot has seven times the series of a usual flush. */
const PARTS = 7;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '60' },
    bodies: { type: 'string', default: '8' },
    connections: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    store: { type: 'string', default: 'influxdb' },
  },
});
const [robots, bodies, connections] = [Number(values.robots), Number(values.bodies), Number(values.connections)];

let second = Math.floor(Date.now() / 1000) - 86_400;
/** Lines are ten seconds apart, like a robot's flushes. */
function backlog(): string {
  const lines: string[] = [];
  while (lines.length < LINES) {
    second += 1;
    for (let part = 0; part < PARTS; part++)
      for (const line of flushOf(part === 0 ? [] : [`part=${part}`])) lines.push(`${line} ${second}`);
  }
  return lines.slice(0, LINES).join('\n');
}

async function drain(url: string, tokens: string[]): Promise<{ rate: number; refused: number }> {
  const pool = new Pool(url, { connections });
  const queue = tokens.flatMap((token) => Array.from({ length: bodies }, () => token));
  const texts = Array.from({ length: bodies }, backlog);
  let [next, refused] = [0, 0];
  const started = performance.now();
  const send = async () => {
    for (let i = next++; i < queue.length; i = next++) {
      // Each robot's bodies in order, all robots in parallel.
      const token = queue[(i % robots) * bodies] as string;
      const body = texts[Math.floor(i / robots)] as string;
      const headers = { authorization: `Bearer ${token}` };
      const reply = await pool.request({ method: 'POST', path: '/api/metrics?precision=s', headers, body });
      await reply.body.dump();
      if (reply.statusCode !== 204) refused++;
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return { rate: Math.round(((queue.length - refused) * LINES) / seconds), refused };
}

const dir = await mkdtemp(join(tmpdir(), 'robowatch-drain-'));
const store = await startStore(values.store);
const settings = { ...store.settings, ROBOT_BYTES_PER_SECOND: '1000000000' };
let server = await startRobowatch(dir, settings, 0);
try {
  const rounds = Number(values.rounds);
  const paired = await pairRobots(server.url, robots * (rounds + 1));
  process.stdout.write(
    `${robots} robots, ${bodies} bodies of ${LINES} lines each, ${connections} connections, ${values.store}; ${cpus().length} × ${cpus()[0]?.model.trim()}\n\n`,
  );
  process.stdout.write(
    '| round | known, lines/s | never seen before | of known | after kill -9 | of known | refused |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|\n');
  for (let round = 0; round <= rounds; round++) {
    const tokens = paired.tokens.slice(round * robots, (round + 1) * robots);
    const fresh = await drain(server.url, tokens);
    const known = await drain(server.url, tokens);
    await server.kill();
    server = await startRobowatch(dir, settings, 0);
    const restarted = await drain(server.url, tokens);
    // The first round is a warm-up.
    if (round === 0) continue;
    const share = ({ rate }: { rate: number }) => `${Math.round((100 * rate) / known.rate)} %`;
    const refused = fresh.refused + known.refused + restarted.refused;
    const cells = [round, known.rate, fresh.rate, share(fresh), restarted.rate, share(restarted), refused];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  await server.stop();
  await store.stop();
  await rm(dir, { recursive: true, force: true });
}
