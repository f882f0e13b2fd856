import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDebian } from '../tools/real/debian.ts';
import { ensureTelegraf } from '../tools/real/telegraf.ts';
import { family, memoryOf } from './process-usage.ts';
import { signIn, startRobowatch } from './robowatch.ts';

/**
 * What the agent takes of a robot: the whole of telegraf.service, as install.sh leaves it in a Debian with systemd,
 * beside a server that answers at once. Needs root.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '2' },
    /** Parts of telegraf.d/ to leave out, such as `board,listener`. */
    without: { type: 'string', default: '' },
  },
});
const DAY_S = 86_400;
const TICKS_PER_SECOND = 100;
const MIB = 2 ** 20;

/** Seconds of processor time of processes and of all that they have waited for (proc(5), stat fields 14 to 17). */
const cpuSeconds = (pids: number[]) =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 15) ?? [];
    return sum + fields.reduce((ticks, one) => ticks + Number(one), 0) / TICKS_PER_SECOND;
  }, 0);

/** Passes everything on to a port. @returns its own port, and how many bytes came in and went out */
async function countingLine(port: number) {
  const bytes = { sent: 0, received: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((robot) => {
    const api = connect(port, '127.0.0.1');
    for (const one of [robot, api]) sockets.add(one.on('error', () => one.destroy()));
    robot.on('data', (part) => (bytes.sent += part.length)).pipe(api);
    api.on('data', (part) => (bytes.received += part.length)).pipe(robot);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const one of sockets) one.destroy();
  };
  return { port: (server.address() as AddressInfo).port, bytes, close };
}

const dir = mkdtempSync(join(tmpdir(), 'robowatch-footprint-'));
const server = await startRobowatch(dir, { PAIR_POLL_INTERVAL: '1' }, 0);
const line = await countingLine(Number(new URL(server.webUrl).port));
const name = `lab-${randomBytes(3).toString('hex')}`;
const debian = await startDebian({ hostname: name, telegraf: await ensureTelegraf() });
try {
  const url = `http://127.0.0.1:${line.port}`;
  const installer = await debian.shell(`curl -fsSL ${url}/install.sh | sh -s -- --url ${url}`);
  const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(installer.output());
  while (!shown() && !installer.hasExited()) await sleep(100);
  const [, left, right] = shown() ?? [];
  const headers = { authorization: `Bearer ${await signIn(server.url)}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/api/pair/${left}${right}/confirm`, { method: 'POST', headers, body: '{}' });
  await installer.exited;
  if (installer.exitCode() !== 0) throw new Error(installer.output());
  for (const part of values.without.split(',').filter(Boolean))
    await debian.run(`rm /etc/telegraf/telegraf.d/robowatch-${part}.conf`);
  if (values.without) await debian.run('systemctl restart telegraf');
  const { output } = await debian.run('cat /proc/$(systemctl show --property=MainPID --value telegraf)/status');
  // Its id as seen from outside of its namespace is that of the process whose id inside is this one.
  const inside = /^NSpid:.*\t(\d+)$/m.exec(output)?.[1];
  const pid = family(process.pid).find((one) => {
    const status = readFileSync(`/proc/${one}/status`, 'utf8');
    return /^Name:\ttelegraf$/m.test(status) && /^NSpid:.*\t(\d+)$/m.exec(status)?.[1] === inside;
  });
  if (pid === undefined) throw new Error('Telegraf is not found.');
  await sleep(Number(values.warmup) * 60_000);

  const seconds = Number(values.minutes) * 60;
  const before = { cpu: cpuSeconds(family(pid)), ...line.bytes };
  const most = { telegraf: 0, service: 0 };
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    most.telegraf = Math.max(most.telegraf, memoryOf([pid]).rss);
    most.service = Math.max(most.service, memoryOf(family(pid)).pss);
    await sleep(500);
  }
  const took = (performance.now() - began) / 1000;
  const aDay = (bytes: number) => Number(((bytes / took) * (DAY_S / MIB)).toFixed(2));
  const report = {
    minutes: Number(values.minutes),
    without: values.without || undefined,
    telegrafMib: Number(most.telegraf.toFixed(1)),
    serviceMib: Number(most.service.toFixed(1)),
    corePercent: Number((((cpuSeconds(family(pid)) - before.cpu) / took) * 100).toFixed(3)),
    sentMibADay: aDay(line.bytes.sent - before.sent),
    receivedMibADay: aDay(line.bytes.received - before.received),
    logged: (await debian.run('journalctl --since=-10min -o cat | wc -l')).output.trim(),
    cores: cpus().length,
    processor: cpus()[0]?.model.trim(),
  };
  process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
} finally {
  await debian.stop();
  line.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
