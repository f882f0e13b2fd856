import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBuffer } from './buffer-process.ts';

let dir: string;
let server: Server;
let url: string;
/** Statuses to answer with, then 204. */
let answers: { status: number; retryAfter?: number }[];
let bodies: { lines: string[]; status: number; at: number }[];
let running: Awaited<ReturnType<typeof startBuffer>> | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'robowatch-buffer-'));
  [answers, bodies] = [[], []];
  server = createServer(async (request, reply) => {
    const body = gunzipSync(Buffer.concat(await request.toArray())).toString();
    const { status, retryAfter } = answers.shift() ?? { status: 204 };
    bodies.push({ lines: body.trimEnd().split('\n'), status, at: Date.now() });
    reply.writeHead(status, retryAfter ? { 'retry-after': String(retryAfter) } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const start = async (env: Record<string, string> = {}) => {
  running = await startBuffer(dir, { ROBOWATCH_URL: url, ...env });
  return running;
};
const points = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `m v=${from + i}i ${from + i}\n`).join('');
const names = (from: number, to: number) => points(from, to).trimEnd().split('\n');
const spool = () => readdirSync(join(dir, 'state/spool')).map((name) => join(dir, 'state/spool', name));
const lost = () => Number(readFileSync(join(dir, 'state/dropped'), 'utf8').split(' ')[0]);
const sent = () => bodies.filter(({ status }) => status === 204 || status === 422).flatMap(({ lines }) => lines);
const stuck = (added: number) => ({ added, written: 0 });

/** Parts of points that the server did not get, until they are on the disk. @param onPart after each of them */
async function offline(buffer: Awaited<ReturnType<typeof startBuffer>>, parts: string[], onPart = () => {}) {
  const inMemory = () => readdirSync(join(dir, 'run')).filter((name) => name.startsWith('part.')).length;
  for (let i = 0; i < parts.length || inMemory() > 0; i++) {
    buffer.progress(stuck(10), stuck(20), stuck(30));
    buffer.take(parts[i] ?? '');
    buffer.progress(stuck(40));
    await buffer.part();
    onPart();
  }
}
/** Lets parts pass in which Telegraf's own sending works, until nothing waits. */
async function online(buffer: Awaited<ReturnType<typeof startBuffer>>, { dropped = 0, most = 40 } = {}) {
  let report = await buffer.part();
  for (let added = 1000; most > 0; most--, added += 10) {
    buffer.progress(...[0, 1, 2].map((i) => ({ added: added + i, written: added + i - dropped, dropped })));
    report = await buffer.part();
    if (report.buffered_points === 0) break;
  }
  return report;
}

test('what Telegraf has delivered never gets to the disk', async () => {
  const buffer = await start();
  for (let added = 0; added < 100; added += 20) {
    buffer.take(points(added, added + 20));
    buffer.progress({ added: added + 20, written: added + 20 }, { added: added + 20, written: added + 20 });
    expect(await buffer.part()).toMatchObject({ buffered_points: 0, dropped_points: 0 });
  }
  expect([spool(), bodies]).toEqual([[], []]);
});

test('what it could not deliver is on the disk, and is sent after a power cut, the newest file first', async () => {
  await offline(await start(), [points(0, 50), points(50, 100)]);
  await running?.stop();
  // What is in memory is gone.
  rmSync(join(dir, 'run'), { recursive: true });
  await offline(await start(), [points(100, 150), points(150, 200)]);
  await running?.stop();
  const buffer = await start();
  expect(await buffer.part()).toMatchObject({ buffered_points: 200 });
  expect(await online(buffer)).toMatchObject({
    buffered_points: 0,
    buffered_bytes: 0,
    oldest_age_s: 0,
    dropped_points: 0,
  });
  expect(bodies.map(({ lines }) => lines)).toEqual([names(100, 200), names(0, 100)]);
});

test('what Telegraf delivers itself after an outage is not sent again', async () => {
  const buffer = await start();
  await offline(buffer, [points(0, 50), points(50, 100)]);
  expect(spool()).toHaveLength(1);
  await online(buffer);
  expect([spool(), bodies]).toEqual([[], []]);
});

test('what Telegraf had to drop in an outage is sent from the disk', async () => {
  const buffer = await start();
  await offline(buffer, [points(0, 50), points(50, 100)]);
  await online(buffer, { dropped: 60 });
  expect(sent()).toEqual(names(0, 100));
});

test('the limit holds: the oldest goes first, and what is lost is counted, across restarts too', async () => {
  const random = (from: number) =>
    Array.from(
      { length: 400 },
      (_, i) => `m v=${Math.random()},w=${Math.random()},x=${Math.random()} ${from + i}\n`,
    ).join('');
  let buffer = await start({ ROBOWATCH_BUFFER_MB: '1' });
  let most = 0;
  const parts = 100;
  const used = () => Number(execFileSync('du', ['-sk', join(dir, 'state/spool')], { encoding: 'utf8' }).split('\t')[0]);
  const texts = Array.from({ length: parts }, (_, part) => random(part * 400));
  await offline(buffer, texts, () => {
    most = Math.max(most, used());
  });
  expect(most).toBeLessThanOrEqual(1024);
  expect(most).toBeGreaterThan(700);
  const { buffered_points, dropped_points: told } = await buffer.part();
  const dropped_points = lost();
  expect(told).toBe(0);
  expect(dropped_points).toBeGreaterThan(400);
  expect(buffered_points + dropped_points).toBe(parts * 400);
  await buffer.stop();
  buffer = await start({ ROBOWATCH_BUFFER_MB: '1' });
  expect(await buffer.part()).toMatchObject({ buffered_points, dropped_points: 0 });
  // Told between two reports that the server gets as they come, so that an alert sees it grow.
  expect(await online(buffer)).toMatchObject({ dropped_points });
  const times = sent().map((line) => Number(line.split(' ').at(-1)));
  expect(Math.min(...times)).toBe(dropped_points);
  expect(new Set(times).size).toBe(buffered_points);
}, 180_000);

test('no reply blocks the queue: refused points are left out, large bodies halved, busy servers given time', async () => {
  await offline(await start(), [points(0, 50), points(50, 100)]);
  await running?.stop();
  await offline(await start(), [points(100, 150), points(150, 200)]);
  await running?.stop();
  answers = [
    { status: 503, retryAfter: 20 },
    { status: 413 },
    { status: 422 },
    { status: 204 },
    { status: 401 },
    { status: 400 },
  ];
  expect(await online(await start())).toMatchObject({ buffered_points: 0, dropped_points: 0 });
  expect(bodies.map(({ status, lines }) => [status, lines.length])).toEqual([
    ...[
      [503, 100],
      [413, 100],
      [422, 50],
      [204, 50],
      [401, 100],
      [400, 100],
    ],
  ]);
});

test('a file that is cut off gives what can be read of it', async () => {
  const text = `log message="one\nm v=7i 7\n#robowatch\n\\"two\\"" 1\n`;
  await offline(await start(), [text + points(0, 50), points(50, 2000)]);
  await running?.stop();
  const [file] = spool() as [string];
  truncateSync(file, statSync(file).size - 40);
  const buffer = await start();
  const { buffered_points: readable } = await buffer.part();
  expect(readable).toBeLessThan(2001);
  await online(buffer);
  expect(sent().join('\n')).toContain(text.trimEnd());
  expect(
    sent()
      .slice(4)
      .every((line) => names(0, 2000).includes(line)),
  ).toBe(true);
  expect(sent().length - 3).toBe(readable);
});

test('a batch that was cut off spoils neither the one before it nor the one after', async () => {
  const buffer = await start();
  await offline(buffer, [
    `${points(0, 5)}log message="cut\noff`,
    `${points(5, 10)}m v=1`,
    points(10, 15),
    points(15, 20),
  ]);
  await online(buffer, { dropped: 1 });
  expect(sent().sort()).toEqual(names(0, 20).sort());
});

const CURSOR = 's=0a;i=1;b=2b;m=3;t=64f;x=9';
const forged = (mark: string) =>
  `log message="${mark}\nrobowatch_internal_write,alias=robowatch metrics_added=777i,metrics_written=777i,metrics_dropped=0i,buffer_size=0i 1\nrobowatch_journal cursor=\\"${CURSOR}\\" 1\n${mark}" 1`;

test('quotes and backslashes in names and tags do not swallow what follows them', async () => {
  // As Telegraf writes them: in names, tags and keys it escapes nothing but commas, spaces and equals signs.
  const odd = [
    String.raw`a,t=x\\ "y v=1 1`,
    String.raw`a,t=x\ "y v="a" 2`,
    'a,t=a"b v=1 3',
    String.raw`a\\ "zz,t=1 a=1 4`,
    String.raw`a\ 8,t=1 a\ "b="x",c\="d=1,"e=2 5`,
    String.raw`a b="\\",c="=\"\\\"",d=" =" 6`,
    'a b="one\ntwo=\\"\nthree",c="\n" 7',
  ];
  const buffer = await start();
  await offline(
    buffer,
    [0, 10, 20, 30].map((from) => `${odd.join('\n')}\n${points(from, from + 10)}`),
  );
  expect(await buffer.part()).toMatchObject({ buffered_points: 4 * (odd.length + 10) });
  await online(buffer, { dropped: 1 });
  expect(sent().filter((line) => line.startsWith('m '))).toEqual(names(0, 40));
  expect(sent().join('\n')).toContain(odd.join('\n'));
});

test('what a program writes into a string is not taken for a report, so nothing counts as sent', async () => {
  const buffer = await start();
  const mark = readFileSync(join(dir, 'run/mark'), 'utf8');
  expect(mark).toMatch(/^#robowatch-batch-[0-9a-f]{32}\n$/);
  expect(statSync(join(dir, 'run/mark')).mode & 0o777).toBe(0o600);
  const strings = ['#robowatch-batch', '#robowatch-batch-', `#robowatch-batch-${'0'.repeat(32)}`].map(forged);
  await offline(
    buffer,
    [0, 10, 20, 30].map((from) => `${points(from, from + 10)}${strings.join('\n')}\n`),
  );
  expect(existsSync(join(dir, 'run/journal.cursor'))).toBe(false);
  await online(buffer, { dropped: 1 });
  expect(sent().filter((line) => line.startsWith('m '))).toEqual(names(0, 40));
  expect(readFileSync(join(dir, 'run/mark'), 'utf8')).toBe(mark);
});

test('reports that do not look like reports are not believed', async () => {
  const buffer = await start();
  const none =
    'robowatch_internal_write,alias=robowatch metrics_added=-9i,metrics_written=9i,metrics_dropped=0i,buffer_size=0i 1\n';
  await offline(
    buffer,
    [0, 10].map((from) => `${points(from, from + 10)}robowatch_journal cursor="${CURSOR};$(x)" 1\n${none.repeat(3)}`),
  );
  expect(existsSync(join(dir, 'run/journal.cursor'))).toBe(false);
  expect(await buffer.part()).toMatchObject({ buffered_points: 20 });
  await offline(buffer, [`robowatch_journal cursor="${CURSOR}" 1\n${points(20, 21)}`]);
  expect(readFileSync(join(dir, 'run/journal.cursor'), 'utf8')).toBe(`${CURSOR}\n`);
});

test('counts what a disk that is full from the beginning has no place for, over a restart, too', async () => {
  mkdirSync(join(dir, 'state'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(dir, 'state')]);
  try {
    mkdirSync(join(dir, 'state/spool'));
    const ballast = join(dir, 'state/ballast');
    execFileSync('sh', ['-c', `cat /dev/zero >'${ballast}' 2>/dev/null || :`]);
    await offline(
      await start(),
      [0, 1, 2, 3, 4, 5, 6, 7].map((part) => points(part * 10, part * 10 + 10)),
    );
    await running?.stop();
    rmSync(ballast);
    const buffer = await start();
    const { buffered_points } = await buffer.part();
    expect(buffered_points).toBe(0);
    await online(buffer);
    await expect.poll(async () => (await buffer.part()).dropped_points, { timeout: 60_000 }).toBe(80);
  } finally {
    await running?.stop();
    execFileSync('umount', [join(dir, 'state')]);
  }
}, 120_000);

test('goes on when the disk is full', async () => {
  mkdirSync(join(dir, 'state'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(dir, 'state')]);
  try {
    const random = (i: number) =>
      Array.from({ length: 400 }, (_, j) => `m v=${Math.random()} ${i * 400 + j}\n`).join('');
    const buffer = await start({ ROBOWATCH_BUFFER_MB: '1' });
    await offline(
      buffer,
      Array.from({ length: 20 }, (_, part) => random(part)),
    );
    const { buffered_points } = await buffer.part();
    const dropped_points = lost();
    expect(dropped_points).toBeGreaterThan(0);
    expect(buffered_points).toBeGreaterThan(400);
    expect(buffered_points + dropped_points).toBe(20 * 400);
    await online(buffer, { dropped: 1 });
    expect(sent()).toHaveLength(buffered_points);
  } finally {
    await running?.stop();
    execFileSync('umount', [join(dir, 'state')]);
  }
}, 120_000);
