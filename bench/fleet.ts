import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Fleet, type Measured, PHASES, type Phase, summary } from './fleet-phases.ts';
import { startServers } from './fleet-servers.ts';

/** A fleet that behaves as so many Telegrafs: new, known, with a person watching, after its network was gone, after a server was killed. */
const WINDOW_S = 5;
const COLLECT_S = 10;
/** What one process of this machine can have open, less what it needs itself. */
const OPEN_FILES = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) - 1_000;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '10000' },
    store: { type: 'string', default: 'influxdb' },
    seconds: { type: 'string', default: '40' },
    /** Between a robot's reports. */
    flush: { type: 'string', default: '10' },
    /** Servers; a robot always reports to the same one. */
    processes: { type: 'string', default: '1' },
    /** `own`: a connection for each robot; `shared`: as behind a reverse proxy. By default the first, if there may be so many. */
    connections: { type: 'string' },
    phases: { type: 'string', default: 'join,calm,page,herd,kill' },
  },
});
const [robots, seconds, processes] = [values.robots, values.seconds, values.processes].map(Number) as [
  number,
  number,
  number,
];
const connections = values.connections ?? (robots < OPEN_FILES ? 'own' : 'shared');

function print({ phase, seconds, remark, answers, started, cores, mib }: Measured): void {
  const both = (part: 'server' | 'postgres' | 'store') => `${cores[part].toFixed(2)} (${Math.round(mib[part])} MiB)`;
  const used = `Cores (memory): server ${both('server')}, PostgreSQL ${both('postgres')}, metrics store ${both('store')}, load ${cores.load.toFixed(2)}`;
  const all = summary(answers);
  process.stdout.write(
    `\n### ${PHASES[phase]}\n\n${remark}${used}. ${Math.round(all.lines / seconds)} lines/s stored\n\n` +
      '| seconds | answers | 204 | refused | broken | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|\n',
  );
  const windows = Map.groupBy(answers, ({ at }) => Math.floor((at - started) / 1000 / WINDOW_S));
  for (const [window, of] of [...windows].sort(([a], [b]) => a - b)) {
    const { answers, stored, refused, broken, p50, p99 } = summary(of);
    const cells = [answers, stored, refused, broken, p50, p99];
    process.stdout.write(`| ${window * WINDOW_S}–${(window + 1) * WINDOW_S} | ${cells.join(' | ')} |\n`);
  }
}

const servers = await startServers({ store: values.store, processes, robots, areKnown: false });
const fleet = new Fleet(servers, { flushS: Number(values.flush), collectS: COLLECT_S }, connections === 'shared');
try {
  process.stdout.write(
    `${robots} robots, ${values.store}, ${processes} server processes, ${connections} connections; ${cpus().length} × ${cpus()[0]?.model.trim()}\n`,
  );
  for (const phase of values.phases.split(',') as Phase[]) print(await fleet.run(phase, seconds));
} finally {
  await fleet.close();
  await servers.stop();
}
