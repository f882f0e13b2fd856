import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { flushOf } from './bodies.ts';
import { Connection } from './fleet-connection.ts';
import { type Answer, FleetRobot } from './fleet-robot.ts';
import { startStore } from './metrics-store.ts';
import { type BodyAnswer, sendBacklog } from './returning-robot.ts';
import { pairRobots, startRobowatch } from './robowatch.ts';

/** A fleet returns from an outage at once: each robot is live again, and sends its backlog. Others were live all the time. */
const FLUSH_S = 10;
const LINES_A_FLUSH = 9;
const LINES_A_BODY = 5_000;
const WINDOW_S = 30;
const BEFORE_S = 30;

const { values } = parseArgs({
  options: {
    robots: { type: 'string', default: '1000' },
    others: { type: 'string', default: '500' },
    hours: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '900' },
    store: { type: 'string', default: 'influxdb' },
  },
});
const [count, others] = [Number(values.robots), Number(values.others)];

/** The same hours for every robot: its token tells whose they are. */
function backlog(hours: number): Buffer[] {
  const lines: string[] = [];
  const now = Math.floor(Date.now() / 1000);
  for (let second = now - hours * 3600; second < now; second += FLUSH_S)
    for (const line of flushOf().slice(0, LINES_A_FLUSH)) lines.push(`${line} ${second}000000000\n`);
  const bodies: Buffer[] = [];
  for (let from = 0; from < lines.length; from += LINES_A_BODY)
    bodies.push(gzipSync(lines.slice(from, from + LINES_A_BODY).join('')));
  return bodies.reverse();
}

const dir = await mkdtemp(join(tmpdir(), 'robowatch-returning-'));
const store = await startStore(values.store);
const server = await startRobowatch(dir, { ...store.settings, ROBOT_LINES_PER_SECOND: '10000' }, 0);
const over = new AbortController();
try {
  const { tokens } = await pairRobots(server.url, count + others);
  const bodies = backlog(Number(values.hours));
  const port = Number(new URL(server.url).port);
  const flush = gzipSync(flushOf().slice(0, LINES_A_FLUSH).join('\n'));
  const live = tokens.map((token) => new FleetRobot(new Connection(port), token, { get: () => flush }, 0));
  const [steady, returned] = [live.slice(0, others), live.slice(others)];
  const kib = Math.round(bodies.reduce((sum, { length }) => sum + length, 0) / 1024);
  process.stdout.write(
    `${count} robots return with ${values.hours} h each (${bodies.length} bodies, ${kib} KiB gzipped), ${others} others are live; ${values.store}; ${cpus().length} × ${cpus()[0]?.model.trim()}\n\n`,
  );
  const heads = [
    'seconds',
    'live: 204',
    'not',
    'p50 ms',
    'p99 ms',
    'returned, live: 204',
    'not',
    'p99 ms',
    'bodies: 204',
    '429/503',
    'broken',
    'p99 ms',
    'left',
  ];
  process.stdout.write(`| ${heads.join(' | ')} |\n|${heads.map(() => '---').join('|')}|\n`);
  let [ofSteady, ofReturned, ofBodies]: [Answer[], Answer[], BodyAnswer[]] = [[], [], []];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let left = count * bodies.length;
  let sending: Promise<unknown> | undefined;
  let sent = 0;
  let shown = 0;
  const show = () => {
    const at = (answers: { ms: number }[], share: number) =>
      Math.round(answers.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(answers.length * share)] ?? 0);
    const good = (answers: { status: number }[]) => answers.filter(({ status }) => status === 204).length;
    const busy = ofBodies.filter(({ status }) => status === 429 || status === 503).length;
    const cells = [
      `${shown * WINDOW_S}–${(shown + 1) * WINDOW_S}`,
      ...[good(ofSteady), ofSteady.length - good(ofSteady), at(ofSteady, 0.5), at(ofSteady, 0.99)],
      ...[good(ofReturned), ofReturned.length - good(ofReturned), at(ofReturned, 0.99)],
      ...[good(ofBodies), busy, ofBodies.length - good(ofBodies) - busy, at(ofBodies, 0.99), left],
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
    [ofSteady, ofReturned, ofBodies] = [[], [], []];
    shown++;
  };
  for (let isOver = false; !isOver; await sleep(5)) {
    const due = Math.floor((seconds() / FLUSH_S) * (count + others));
    for (; sent < due; sent++) {
      const i = sent % (count + others);
      if (i < others) void steady[i]?.flush(1, (answer) => ofSteady.push(answer));
      else if (seconds() > BEFORE_S) void returned[i - others]?.flush(1, (answer) => ofReturned.push(answer));
    }
    if (!sending && seconds() > BEFORE_S)
      sending = Promise.all(
        tokens.slice(others).map((token) =>
          sendBacklog(server.url, token, bodies, over.signal, (answer) => {
            ofBodies.push(answer);
            if (answer.status === 204) left--;
          }),
        ),
      );
    if (seconds() > (shown + 1) * WINDOW_S) show();
    isOver = seconds() > Number(values.seconds) || left === 0;
  }
  show();
  process.stdout.write(`\nDrained: ${left === 0 ? `after ${Math.round(seconds() - BEFORE_S)} s` : 'no'}\n`);
  for (const robot of live) robot.close();
} finally {
  over.abort();
  await server.stop();
  await store.stop();
  await rm(dir, { recursive: true, force: true });
}
