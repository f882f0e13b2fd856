import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { freePort } from '../tools/real/free-port.ts';
import { flushOf } from './bodies.ts';
import { Connection } from './fleet-connection.ts';
import { type Answer, FleetRobot } from './fleet-robot.ts';
import { WAYS, type Way } from './listening/ways.ts';
import { cpuSeconds, family } from './process-usage.ts';

/**
 * Ways for several processes to share a port: a herd that connects at once, and robots that stay connected. A process does
 * what a report costs, without its database. Rounds take turns; what counts is the ratio to the first way.
 */
const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    herd: { type: 'string', default: '3000' },
    robots: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
  },
});
const [herd, robots, seconds] = [Number(values.herd), Number(values.robots), Number(values.seconds)];
const body = gzipSync(flushOf().join('\n'));
const bodies = { get: () => body };
const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b);
const at = (numbers: number[], share: number) => sorted(numbers)[Math.floor(numbers.length * share)] ?? 0;

interface Measured {
  /** From the first connection to the last answer. */
  herdMs: number;
  herdFailed: number;
  /** The busiest process's share of the herd's connections, times the processes: 1 is even. */
  unevenness: number;
  perSecond: number;
  p99: number;
  /** Processor time of all processes, µs a request. */
  cpuUs: number;
}

async function measure(way: Way): Promise<Measured> {
  const port = await freePort();
  const program = fork(join(import.meta.dirname, 'listening/main.ts'), [way, values.workers, String(port)]);
  await once(program, 'message');
  const fleetOf = (count: number) =>
    Array.from({ length: count }, (_, i) => new FleetRobot(new Connection(port), `robot-${i}`, bodies, i));
  const many = fleetOf(herd);
  const began = performance.now();
  const first: Answer[] = [];
  await Promise.all(many.map((robot) => robot.flush(1, (answer) => first.push(answer))));
  const herdMs = performance.now() - began;
  const shares = await ask(program);
  for (const robot of many) robot.close();

  const few = fleetOf(robots);
  const answers: Answer[] = [];
  const pids = family(program.pid as number);
  const before = cpuSeconds(pids);
  const end = performance.now() + seconds * 1000;
  const busy = async (robot: FleetRobot) => {
    while (performance.now() < end) await robot.flush(1, (answer) => answers.push(answer));
  };
  await Promise.all(few.map(busy));
  const cpuUs = ((cpuSeconds(pids) - before) / answers.length) * 1e6;
  for (const robot of few) robot.close();
  program.kill();
  await once(program, 'exit');
  return {
    herdMs,
    herdFailed: first.filter(({ status }) => status !== 204).length,
    unevenness: (Math.max(...shares) / shares.reduce((sum, one) => sum + one, 0)) * shares.length,
    perSecond: answers.length / seconds,
    p99: at(
      answers.map(({ ms }) => ms),
      0.99,
    ),
    cpuUs,
  };
}

/** @returns how many connections each process has accepted */
async function ask(program: ChildProcess): Promise<number[]> {
  program.send('accepted');
  const [accepted] = (await once(program, 'message')) as [number[]];
  return accepted;
}

const rounds = Array.from({ length: Number(values.rounds) + 1 }, (_, i) => i);
const measured = new Map<Way, Measured[]>(WAYS.map((way) => [way, []]));
for (const round of rounds)
  for (const way of WAYS) {
    const one = await measure(way);
    // The first round warms up.
    if (round > 0) measured.get(way)?.push(one);
  }
const median = (of: Measured[], value: (one: Measured) => number) => at(of.map(value), 0.5);
const base = measured.get(WAYS[0] as Way) as Measured[];
process.stdout.write(
  `${values.workers} processes, ${cpus().length} × ${cpus()[0]?.model.trim()}; medians of ${values.rounds} rounds\n\n`,
);
process.stdout.write(
  `| way | herd of ${herd}, ms | × | not answered | busiest ÷ even share | requests/s, ${robots} connections | × | p99 ms | CPU µs |\n|---|---|---|---|---|---|---|---|---|\n`,
);
for (const [way, of] of measured) {
  const ratio = (value: (one: Measured) => number) => (median(of, value) / median(base, value)).toFixed(2);
  const cells = [
    ...[way, Math.round(median(of, ({ herdMs }) => herdMs)), ratio(({ herdMs }) => herdMs)],
    ...[median(of, ({ herdFailed }) => herdFailed), median(of, ({ unevenness }) => unevenness).toFixed(2)],
    ...[Math.round(median(of, ({ perSecond }) => perSecond)), ratio(({ perSecond }) => perSecond)],
    ...[median(of, ({ p99 }) => p99).toFixed(1), Math.round(median(of, ({ cpuUs }) => cpuUs))],
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
