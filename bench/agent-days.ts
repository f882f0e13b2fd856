import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBuffer } from '../agent/buffer-process.ts';
import { flushOf } from './bodies.ts';
import { signIn, startRobowatch } from './robowatch.ts';

/**
 * Days of an outage, as fast as the agent's scripts go: they are given the lines of a minute at once, and a `date` that
 * says when that was. Then the real server returns, and every line is counted.
 */
const FLUSH_S = 10;
const MINUTE_S = 60;
const LINES_A_FLUSH = 9;
const POWER_CUTS_A_DAY = 2;

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '1' },
    limit: { type: 'string', default: '0' },
    samples: { type: 'string' },
  },
});
const minutes = Math.round(Number(values.days) * 1440);
const dir = mkdtempSync(join(tmpdir(), 'robowatch-agent-days-'));
const bin = join(dir, 'bin');
mkdirSync(bin);
const clock = join(dir, 'now');
writeFileSync(join(bin, 'date'), `#!/bin/sh\nread -r now <'${clock}'\necho "$now"\n`, { mode: 0o755 });

const server = await startRobowatch(mkdtempSync(join(dir, 'server-')), {}, 1);
const env = {
  ...{ PATH: `${bin}:${process.env.PATH}`, ROBOWATCH_URL: 'http://127.0.0.1:1' },
  ...{ ROBOWATCH_TOKEN: server.tokens[0] as string, ROBOWATCH_BUFFER_MB: values.limit },
};
const spool = () => readdirSync(join(dir, 'state/spool')).map((name) => statSync(join(dir, 'state/spool', name)));
const spooled = () => spool().reduce((sum, { blocks }) => sum + blocks * 512, 0);
const samples: { hour: number; bytes: number }[] = [];
try {
  const from = Math.floor(Date.now() / 1000 / MINUTE_S) * MINUTE_S - minutes * MINUTE_S;
  let buffer = await startBuffer(dir, env);
  let [lines, most, atCut] = [0, 0, 0];
  for (let minute = 0; minute < minutes; minute++) {
    const time = from + minute * MINUTE_S;
    writeFileSync(clock, `${time}\n`);
    const text: string[] = [];
    for (let second = time; second < time + MINUTE_S; second += FLUSH_S)
      for (const line of flushOf().slice(0, LINES_A_FLUSH)) text.push(`${line} ${second}000000000\n`);
    buffer.take(text.join(''));
    lines += text.length;
    buffer.progress(...[1, 2, 3].map((i) => ({ added: lines + i, written: 0, dropped: Math.max(0, lines - 3000) })));
    await buffer.part();
    const bytes = spooled();
    most = Math.max(most, bytes);
    if (minute % 20 === 0) samples.push({ hour: minute / 60, bytes });
    if (minute % Math.floor(1440 / POWER_CUTS_A_DAY) === 517) {
      await buffer.stop();
      const parts = readdirSync(join(dir, 'run')).filter((name) => name.startsWith('part.'));
      atCut += parts.length * (MINUTE_S / FLUSH_S) * LINES_A_FLUSH;
      rmSync(join(dir, 'run'), { recursive: true });
      buffer = await startBuffer(dir, env);
    }
  }
  await buffer.stop();
  const files = spool().length;
  buffer = await startBuffer(dir, { ...env, ROBOWATCH_URL: server.url });
  const began = performance.now();
  let rounds = 0;
  let dropped = 0;
  for (let added = 1000, isEmpty = false; !isEmpty; added += 10, rounds += 6) {
    buffer.progress(...[0, 1, 2].map((i) => ({ added: added + i, written: added + i })));
    const report = await buffer.part();
    samples.push({ hour: minutes / 60 + (rounds * 10) / 3600, bytes: spooled() });
    isEmpty = report.buffered_points === 0;
    dropped = report.dropped_points;
    // The server's budget of a robot is for rounds of ten seconds.
    await sleep(3_000);
  }
  await buffer.part().then((report) => {
    dropped = report.dropped_points;
  });
  const seconds = (performance.now() - began) / 1000;
  await buffer.stop();
  let stored = 0;
  const token = await signIn(server.url);
  const count = async (measurement: string, field: string) => {
    const range = `from=${new Date(from * 1000).toISOString()}&to=${new Date().toISOString()}&every=1d&fn=count&fields=${field}`;
    const reply = await fetch(`${server.url}/api/robots/1/metrics/${measurement}?${range}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { series } = (await reply.json()) as { series: { points: [number, number | null][] }[] };
    return series.flatMap(({ points }) => points).reduce((sum, [, value]) => sum + (value ?? 0), 0);
  };
  for (const [measurement, field] of [
    ['cpu', 'usage_idle'],
    ['mem', 'used_percent'],
    ['disk', 'used_percent'],
    ['net', 'bytes_recv'],
  ] as const)
    stored += await count(measurement, field);
  const report = {
    ...{ days: Number(values.days), lines, lostInMemoryAtPowerCuts: atCut, dropped, stored },
    missing: lines - atCut - dropped - stored,
    ...{ mostBytes: most, files, rounds, drainedInSeconds: Math.round(seconds), processor: cpus()[0]?.model.trim() },
  };
  process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
  if (values.samples) writeFileSync(values.samples, JSON.stringify(samples));
} finally {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
