import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { listenWide } from '../../apps/api/src/http/listen.ts';
import type { Way } from './ways.ts';

/** A server that takes reports and stores nothing, in one process or several. Arguments: way, processes, port. */
const [way, processes, port] = process.argv.slice(2) as [Way, string, string];
const BACKLOG = 65_535;
/** A robot's lines are read, checked and stamped: 60 to 80 µs (docs/performance.md). */
const WORK_MS = 0.07;

async function serve(): Promise<() => number> {
  let accepted = 0;
  const server = createServer(async (request, response) => {
    await takeReport(request);
    response.writeHead(204).end();
  });
  server.on('connection', () => accepted++);
  if (way === 'own sockets' || way === 'one process') await listenWide(server, Number(port), '127.0.0.1');
  else {
    server.listen({ port: Number(port), host: '127.0.0.1', backlog: BACKLOG });
    await once(server, 'listening');
  }
  return () => accepted;
}

async function takeReport(request: IncomingMessage): Promise<void> {
  gunzipSync(await buffer(request));
  for (const end = performance.now() + WORK_MS; performance.now() < end; );
}

async function supervise(): Promise<void> {
  cluster.schedulingPolicy = way === 'cluster, shared socket' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  const workers = Array.from({ length: Number(processes) }, () => cluster.fork());
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  process.send?.('ready');
  process.on('message', async () => {
    const answers = workers.map((worker) => once(worker, 'message'));
    for (const worker of workers) worker.send('accepted');
    process.send?.((await Promise.all(answers)).map(([accepted]) => accepted));
  });
  process.on('SIGTERM', () => {
    for (const worker of workers) worker.process.kill('SIGKILL');
    process.exit(0);
  });
}

if (way !== 'one process' && cluster.isPrimary) await supervise();
else {
  const accepted = await serve();
  process.send?.('ready');
  process.on('message', () => process.send?.(cluster.isWorker ? accepted() : [accepted()]));
}
