import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { flushOf } from './bodies.ts';
import { type Answer, FleetRobot } from './fleet-robot.ts';
import { watchFleet } from './fleet-viewer.ts';
import { startStore } from './metrics-store.ts';
import { cpuSeconds, family, peakMiB } from './process-usage.ts';
import { pairRobots, startRobowatch } from './robowatch.ts';

/** A fleet with one connection per robot: new, then with a person watching, then after the server was killed. */
const FLUSH_MS = 10_000;
const WINDOW_S = 5;
const BODIES = 200;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '10000' },
    store: { type: 'string', default: 'influxdb' },
    seconds: { type: 'string', default: '40' },
  },
});
const count = Number(values.robots);
const phaseMs = Number(values.seconds) * 1000;

const dir = await mkdtemp(join(tmpdir(), 'robowatch-fleet-'));
const store = await startStore(values.store);
let server = await startRobowatch(dir, store.settings, 0);
const { tokens, access_token } = await pairRobots(server.url, count);
const port = Number(new URL(server.url).port);
const bodies = Array.from({ length: BODIES }, () => gzipSync(flushOf().join('\n')));
const robots = tokens.map((token, i) => new FleetRobot(port, token, bodies[i % BODIES] as Buffer));

async function phase(name: string, work: () => Promise<string> = async () => ''): Promise<void> {
  const answers: Answer[] = [];
  const started = performance.now();
  const postgres = family(server.pid).slice(1);
  const used = () => [[server.pid], postgres, store.pid ? family(store.pid) : []].map(cpuSeconds);
  const before = used();
  const working = work();
  for (let sent = 0; performance.now() - started < phaseMs; await sleep(5)) {
    const due = Math.floor(((performance.now() - started) / FLUSH_MS) * count);
    for (; sent < due; sent++) void robots[sent % count]?.flush((answer) => answers.push(answer));
  }
  const after = used();
  const remark = await working;
  const [own, database, metrics] = after.map((cpu, i) => ((cpu - (before[i] ?? 0)) / (phaseMs / 1000)).toFixed(2));
  const cores = `Cores: server ${own}, PostgreSQL ${database}, metrics store ${metrics}; the server's peak: ${Math.round(peakMiB(server.pid))} MiB`;
  process.stdout.write(`\n### ${name}\n\n${remark}${cores}\n\n`);
  process.stdout.write(
    '| seconds | answers | 204 | refused | broken | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|\n',
  );
  const windows = Map.groupBy(answers, ({ at }) => Math.floor((at - started) / 1000 / WINDOW_S));
  for (const [window, of] of [...windows].sort(([a], [b]) => a - b)) {
    const stored = of.filter(({ status }) => status === 204).length;
    const broken = of.filter(({ status }) => status === 0).length;
    const times = of.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0);
    const cells = [of.length, stored, of.length - stored - broken, broken, at(0.5), at(0.99)];
    process.stdout.write(`| ${window * WINDOW_S}–${(window + 1) * WINDOW_S} | ${cells.join(' | ')} |\n`);
  }
}

const settle = () => sleep(FLUSH_MS);

try {
  process.stdout.write(`${count} robots, ${values.store}; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`);
  await phase('Never seen before');
  await settle();
  await phase('Known');
  await phase('Known, with the fleet page open', async () => {
    const { reads, bytes } = await watchFleet(server.url, access_token, AbortSignal.timeout(phaseMs));
    return `The page read ${reads} times, ${Math.round(bytes / 1024)} KiB in all. `;
  });
  await server.kill();
  server = await startRobowatch(dir, { ...store.settings, API_PORT: String(port) }, 0);
  await phase('After kill -9 of the server');
} finally {
  for (const robot of robots) robot.close();
  await server.stop();
  await store.stop();
  await rm(dir, { recursive: true, force: true });
}
