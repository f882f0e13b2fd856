import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePythonClient } from '../../../../tools/real/influxdb-client-python.ts';
import { ensureTelegraf, startTelegraf } from '../../../../tools/real/telegraf.ts';
import { AppError } from '../../src/errors.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi({ INGEST_MAX_BODY_BYTES: '4000', ROBOT_LINES_PER_SECOND: '30' });
const CLIENTS = join(import.meta.dirname, 'influx-clients');
const TELEGRAF = join(CLIENTS, 'telegraf.conf');
const dir = mkdtempSync(join(tmpdir(), 'robowatch-clients-'));
let url: string;
let python: string;
beforeAll(async () => {
  python = await ensurePythonClient();
  await ensureTelegraf([TELEGRAF]);
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function aRobot() {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const count = async (measurement = 'm') => {
    const range = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date().toISOString()}`;
    const query = `fields=v&fn=count&every=1d&${range}`;
    const { body } = await api.call('GET', `/robots/${robot.id}/metrics/${measurement}?${query}`, {
      token: owner.token,
    });
    const points = (body.series ?? []).flatMap((one: { points: [number, number][] }) => one.points);
    return points.reduce((sum: number, [, n]: [number, number]) => sum + n, 0) as number;
  };
  return { ...robot, count };
}

const linesOf = (count: number, more = '') =>
  Array.from({ length: count }, (_, i) => `m v=${i}${more} ${Date.now() - 60_000 + i}`);
/** The type of this field is fixed. */
const BAD = `cpu,cpu=cpu-total usage_idle="much" ${Date.now()}`;

/** Answers as if the store were away, until called off. */
function storeAway() {
  const { store } = api.deps();
  const { write } = store;
  let refused = 0;
  store.write = async () => {
    refused++;
    throw new AppError('store_unavailable', 'The metrics store is away.', { retryAfter: 1 });
  };
  return {
    refused: () => refused,
    end: () => {
      store.write = write;
    },
  };
}

describe('the replies', () => {
  const send = (token: string, body: string, scheme = 'Token', query = '?org=o&bucket=b&precision=ms') =>
    fetch(`${url}/api/v2/write${query}`, { method: 'POST', body, headers: { authorization: `${scheme} ${token}` } });

  it('are those of InfluxDB', async () => {
    const { token, count } = await aRobot();
    expect((await send(token, linesOf(3).join('\n'))).status).toBe(204);
    expect((await send(token, linesOf(1)[0] as string, 'Bearer')).status).toBe(204);
    expect(await count()).toBeGreaterThanOrEqual(3);
    const shown = async (reply: Response) => [reply.status, ((await reply.json()) as { code: string }).code];
    expect(await shown(await send(token, 'm v='))).toEqual([400, 'invalid']);
    expect(await shown(await send(token, 'm v=1', 'Token', '?precision=h'))).toEqual([400, 'invalid']);
    expect(await shown(await send('nobody', 'm v=1'))).toEqual([401, 'unauthorized']);
    expect(await shown(await send(token, 'm v=1', 'Basic'))).toEqual([401, 'unauthorized']);
    expect(await shown(await send(token, 'm v=1\n'.repeat(1_000)))).toEqual([413, 'request too large']);
    const partly = await send(token, `m v=1\n${BAD}\nm v`);
    expect(partly.status).toBe(422);
    expect(await partly.json()).toMatchObject({
      code: 'unprocessable entity',
      ...{ accepted: 1, rejected: 2, rejected_lines: [2, 3] },
      message: expect.stringMatching(/^2 of 3 lines were refused; the others have been stored. line 2: .*; line 3: /),
    });
    const away = storeAway();
    const refused = await send(token, 'm v=1');
    away.end();
    expect([refused.headers.get('retry-after'), ...(await shown(refused))]).toEqual(['1', 503, 'unavailable']);
  });

  it('are a robot’s only: neither a person’s token nor a former one writes, and the token of /api/metrics is not another scheme’s', async () => {
    const owner = await api.person();
    const robot = await api.pairedRobot(owner);
    expect((await send(owner.token, 'm v=1')).status).toBe(401);
    await api.call('POST', `/robots/${robot.id}/token`, { token: owner.token });
    expect((await send(robot.token, 'm v=1')).status).toBe(401);
    const other = await api.pairedRobot(owner);
    const init = { method: 'POST', body: 'm v=1', headers: { authorization: `Token ${other.token}` } };
    expect((await fetch(`${url}/api/metrics`, init)).status).toBe(401);
  });

  it('are the same with the framework and without', async () => {
    const { token } = await aRobot();
    const headers = { authorization: `Token ${token}`, 'content-type': 'text/plain' };
    for (const body of ['m v=1', 'm v', `m v=1\n${BAD}`]) {
      const long = await api.call('POST', '/v2/write', { body, headers });
      const short = await send(token, body, 'Token', '');
      expect(short.status).toBe(long.status);
      const known = (one: object) => ({ ...one, request_id: undefined });
      expect(known(JSON.parse((await short.text()) || '{}'))).toEqual(known(long.body || {}));
    }
  });
});

describe('Telegraf’s outputs.influxdb_v2', () => {
  async function telegrafWith(lines: string[], token: string) {
    const file = join(dir, `${Math.random()}.txt`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const env = { URL: url, TOKEN: token, LINES: file, HOME: dir };
    return startTelegraf({ configFiles: [TELEGRAF], pluginsOf: [TELEGRAF], env, dir });
  }

  it('splits what is too large, and keeps what is refused for a time', async () => {
    const { token, count } = await aRobot();
    const away = storeAway();
    // 30 lines a second are fewer than it sends again and again.
    const telegraf = await telegrafWith(linesOf(100, `,w="${'x'.repeat(40)}"`), token);
    try {
      await expect.poll(away.refused).toBeGreaterThan(0);
      away.end();
      await expect.poll(count, { timeout: 60_000 }).toBe(100);
      await expect.poll(telegraf.output, { timeout: 60_000 }).toMatch(/413|too large/i);
      await expect.poll(telegraf.output, { timeout: 60_000 }).toMatch(/429/);
    } finally {
      away.end();
      await telegraf.stop();
    }
  }, 150_000);

  it('drops a bad line, and goes on', async () => {
    const { token, count } = await aRobot();
    const telegraf = await telegrafWith([...linesOf(3), BAD], token);
    try {
      await expect.poll(count, { timeout: 60_000 }).toBe(3);
      await expect.poll(telegraf.output, { timeout: 60_000 }).toMatch(/422.*1 of 4 lines were refused/);
    } finally {
      await telegraf.stop();
    }
  }, 100_000);
});

describe('@influxdata/influxdb-client', () => {
  const writeApi = (token: string, options = {}) =>
    new InfluxDB({ url, token }).getWriteApi('any', 'any', 'ms', { flushInterval: 0, gzipThreshold: 1e9, ...options });

  it('retries what is refused for a time', async () => {
    const { token, count } = await aRobot();
    const client = writeApi(token);
    const away = storeAway();
    client.writeRecords(linesOf(10));
    // Rejects at once, and goes on trying.
    await client.flush().catch(() => {});
    await expect.poll(away.refused).toBeGreaterThan(0);
    away.end();
    await expect.poll(count, { timeout: 50_000 }).toBe(10);
    await client.close();
  }, 60_000);

  it('tells its program of everything else', async () => {
    const { token, count } = await aRobot();
    const failures: number[] = [];
    const writeFailed = (error: Error) => void failures.push((error as HttpError).statusCode);
    const client = writeApi(token, { maxRetries: 0, writeFailed });
    const send = async (lines: string[]) => {
      client.writeRecords(lines);
      await client.flush(false).catch((error: Error) => {
        if (!(error instanceof HttpError)) throw error;
      });
    };
    await send([...linesOf(2), BAD]);
    await send(linesOf(300));
    await client.close().catch(() => {});
    expect(failures).toEqual([422, 413]);
    expect(await count()).toBe(2);
  });
});

describe('influxdb-client for Python', () => {
  function write(token: string, lines: string[], batch = 1_000) {
    const child = spawn(python, [join(CLIENTS, 'write.py')], {
      env: { ...process.env, URL: url, TOKEN: token, BATCH: String(batch) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(lines.join('\n'));
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    return new Promise<Record<string, unknown>[]>((resolve) =>
      child.once('close', () =>
        resolve(
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ),
      ),
    );
  }

  it('finds the server well, writes, and retries what is refused for a time', async () => {
    const { token, count } = await aRobot();
    const away = storeAway();
    const done = write(token, linesOf(10));
    await expect.poll(away.refused).toBeGreaterThan(0);
    away.end();
    const [probe, ...more] = await done;
    expect(probe).toMatchObject({ ping: true, health: 'pass', version: expect.stringMatching(/^\d+\.\d+/) });
    expect(more).toEqual([]);
    expect(await count()).toBe(10);
  }, 60_000);

  it('drops what is bad or too large, and tells its program', async () => {
    const { token, count } = await aRobot();
    const [, bad] = await write(token, [...linesOf(2), BAD]);
    expect(bad).toMatchObject({
      failed: 3,
      status: 422,
      message: expect.stringContaining('1 of 3 lines were refused'),
    });
    const [, large] = await write(token, linesOf(300));
    expect(large).toMatchObject({ failed: 300, status: 413 });
    expect(await count()).toBe(2);
  }, 60_000);
});
