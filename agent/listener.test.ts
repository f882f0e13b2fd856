import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { freeUdpPort } from '../tools/real/free-port.ts';
import { startTelegraf } from '../tools/real/telegraf.ts';

let dir: string;
let telegraf: Awaited<ReturnType<typeof startTelegraf>> | undefined;
afterEach(async () => {
  await telegraf?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('names with quotes, backslashes or line feeds are left out and counted; line feeds in strings become spaces', async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-listener-test-'));
  const [conf, heard, port] = [join(dir, 'out.conf'), join(dir, 'heard'), await freeUdpPort()];
  await writeFile(
    conf,
    `[agent]
interval = "1s"
flush_interval = "1s"
omit_hostname = true
[[outputs.exec]]
command = ["sh", "-c", "cat >>'${heard}'"]
data_format = "influx"
`,
  );
  telegraf = await startTelegraf({
    configFiles: [conf, join(import.meta.dirname, 'telegraf.d/listener.conf')],
    env: { PATH: process.env.PATH, HOME: dir, ROBOWATCH_LISTEN_ON: `udp://127.0.0.1:${port}` },
    dir,
  });
  await vi.waitUntil(() => telegraf?.output().includes('Listening on udp'), { timeout: 20_000 });
  const odd = [
    ...[String.raw`odd,t=x\\ "y v=1`, 'odd,t=a"b v=1', String.raw`odd,t=a\b v=1`, String.raw`o\dd v=1`, 'odd"y v=1'],
    ...[String.raw`odd a\b=1`, 'odd a"b=1', 'odd,t"=b v=1'],
  ];
  const udp = createSocket('udp4');
  for (const line of [...odd, 'good text="one\ntwo \\"three\\"\n",t="x" 5']) udp.send(line, port, '127.0.0.1');
  // What was left out is told with the first point of the next ten seconds.
  const read = () => readFile(heard, 'utf8').catch(() => '');
  await expect
    .poll(
      async () => {
        udp.send('late n=1 7', port, '127.0.0.1');
        return await read();
      },
      { interval: 500, timeout: 30_000 },
    )
    .toContain(`robowatch_listener dropped_points=${odd.length}i`);
  udp.close();
  const lines = (await read()).trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('o'))).toEqual([]);
  expect(lines).toContain(String.raw`good text="one two \"three\" ",t="x" 5`);
  expect(telegraf.output()).not.toContain('E!');
});
