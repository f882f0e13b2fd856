import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freeUdpPort } from '../tools/real/free-port.ts';

const NOWHERE = 'udp://127.0.0.1:0';
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-listen-test-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Where Telegraf is to listen, and why not where it should. */
async function listen(wanted?: string) {
  const file = join(dir, 'listen.env');
  const { stderr } = await promisify(execFile)('sh', [join(import.meta.dirname, 'listen.sh')], {
    env: {
      ...{ PATH: process.env.PATH, ROBOWATCH_LISTEN_FILE: file, ROBOWATCH_CONF_DIR: dir },
      ...(wanted === undefined ? {} : { ROBOWATCH_LISTEN: wanted }),
    },
  });
  const [, on] = /^ROBOWATCH_LISTEN_ON=(.*)\n$/.exec(await readFile(file, 'utf8')) ?? [];
  return { on, stderr };
}

const own = Object.values(networkInterfaces())
  .flatMap((one) => one ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test('listens where it is asked to, if that is free', async () => {
  const port = await freeUdpPort();
  for (const address of ['127.0.0.1', '0.0.0.0', '127.0.0.2', ...(own ? [own] : [])])
    expect(await listen(`udp://${address}:${port}`)).toEqual({ on: `udp://${address}:${port}`, stderr: '' });
  expect(await listen('off')).toEqual({ on: NOWHERE, stderr: '' });
});

test.each([
  ['127.0.0.1', 'udp4'],
  ['0.0.0.0', 'udp4'],
  ['::', 'udp6'],
  ['::ffff:127.0.0.1', 'udp6'],
] as const)('does not ask for a port that a program has at %s', async (address, type) => {
  const other = createSocket({ type }).bind(0, address);
  await once(other, 'listening');
  const { port } = other.address();
  const { on, stderr } = await listen(`udp://127.0.0.1:${port}`);
  other.close();
  expect([on, stderr]).toEqual([NOWHERE, expect.stringContaining(`port ${port} is taken by another program`)]);
});

test('a port is free that is taken at another address', async () => {
  const other = createSocket('udp4').bind(0, '127.0.0.2');
  await once(other, 'listening');
  const wanted = `udp://127.0.0.1:${other.address().port}`;
  expect((await listen(wanted)).on).toBe(wanted);
  other.close();
});

test('leaves the port to a configuration of the owner', async () => {
  await mkdir(join(dir, 'telegraf.d'));
  const conf = join(dir, 'telegraf.d/mine.conf');
  const port = await freeUdpPort();
  await writeFile(conf, `[[inputs.socket_listener]]\n  service_address = "udp4://:${port}"\n`);
  const { on, stderr } = await listen(`udp://127.0.0.1:${port}`);
  expect([on, stderr]).toEqual([NOWHERE, expect.stringContaining(`port ${port} is the one of ${conf}`)]);
  await writeFile(conf, `# service_address = "udp4://:${port}"\n`);
  expect((await listen(`udp://127.0.0.1:${port}`)).on).not.toBe(NOWHERE);
});

test.each([
  ['tcp://127.0.0.1:8094', 'is not udp://ADDRESS:PORT'],
  ['udp://127.0.0.1:x', 'x is no port'],
  ['udp://127.0.0.1', 'is not udp://ADDRESS:PORT'],
  ['udp://127.0.0.1:70000', '70000 is no port'],
  ['udp://localhost:8094', 'localhost is not an IPv4 address'],
  ['udp://1.2.3.400:8094', '1.2.3.400 is not an IPv4 address'],
  ['udp://203.0.113.9:8094', '203.0.113.9 is no address of this computer'],
])('says what is wrong with %s', async (wanted, why) => {
  expect(await listen(wanted)).toEqual({ on: NOWHERE, stderr: expect.stringContaining(why) });
});
