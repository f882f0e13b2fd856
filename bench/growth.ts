import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Fleet, type Phase, summary } from './fleet-phases.ts';
import { type Part, startServers } from './fleet-servers.ts';
import { drawGrowth, type Step } from './growth-chart.ts';

/** How throughput, latency, memory and PostgreSQL's time grow with the fleet: `bench/fleet.ts` for fleets of many sizes. */
/** A server's caches hold 50,000 robots. */
const ROBOTS_A_PROCESS = 40_000;

const { values } = parseArgs({
  options: {
    /** Sizes of the fleet; after a slash, the seconds between a robot's reports where they are not 10. */
    robots: { type: 'string', default: '1000,3000,10000,30000,100000/30' },
    stores: { type: 'string', default: 'none,clickhouse' },
    seconds: { type: 'string', default: '40' },
    /** Seconds between what is in one report. */
    collect: { type: 'string', default: '10' },
    phases: { type: 'string', default: 'start,calm,herd' },
    json: { type: 'string' },
    to: { type: 'string' },
  },
});

async function measure(store: string, robots: number, flushS: number): Promise<Step[]> {
  const processes = Math.ceil(robots / ROBOTS_A_PROCESS);
  const servers = await startServers({ store, processes, robots, areKnown: true });
  const fleet = new Fleet(servers, { flushS, collectS: Number(values.collect) }, true);
  try {
    const steps: Step[] = [];
    for (const phase of values.phases.split(',') as Phase[]) {
      const { answers, cores, mib, seconds } = await fleet.run(phase, Number(values.seconds));
      const { lines, answers: _, ...rest } = summary(answers);
      steps.push({
        store,
        robots,
        flush_s: flushS,
        processes,
        phase,
        lines_per_s: Math.round(lines / seconds),
        ...rest,
        cores,
        mib,
      });
    }
    return steps;
  } finally {
    await fleet.close();
    await servers.stop();
  }
}

const row = (cells: (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
const heads = [
  'store',
  'robots',
  'each, s',
  'servers',
  'phase',
  'lines/s',
  '204',
  'refused',
  'broken',
  'p50 ms',
  'p99 ms',
];
const used = ['server', 'PostgreSQL', 'store', 'load'];

process.stdout.write(`${cpus().length} × ${cpus()[0]?.model.trim()}; cores used (MiB)\n\n`);
row([...heads, ...used]);
row([...heads, ...used].map(() => '---'));
const steps: Step[] = [];
for (const store of values.stores.split(','))
  for (const size of values.robots.split(',')) {
    const [robots, flushS = 10] = size.split('/').map(Number) as [number, number?];
    for (const step of await measure(store, robots, flushS)) {
      steps.push(step);
      const { cores, mib } = step;
      const both = (part: Part) => `${cores[part].toFixed(2)} (${Math.round(mib[part])})`;
      row([
        ...[step.store, step.robots, step.flush_s, step.processes, step.phase, step.lines_per_s],
        ...[step.stored, step.refused, step.broken, step.p50, step.p99],
        ...[both('server'), both('postgres'), both('store'), cores.load.toFixed(2)],
      ]);
      if (values.json) writeFileSync(values.json, JSON.stringify(steps));
    }
  }
if (values.to) writeFileSync(values.to, drawGrowth(steps));
