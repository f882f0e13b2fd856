import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startInfluxd } from './influxd.ts';

type Influx = Awaited<ReturnType<typeof startInfluxd>>;

let dir: string;
let influx: Influx;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-influxd-test-'));
  influx = await startInfluxd({ dir });
});
afterAll(async () => {
  await influx?.kill();
  await rm(dir, { recursive: true, force: true });
});

async function read({ url, adminToken, org, bucket }: Influx) {
  const reply = await fetch(`${url}/api/v2/query?org=${org}`, {
    method: 'POST',
    headers: { authorization: `Token ${adminToken}`, 'content-type': 'application/vnd.flux' },
    body: `from(bucket: "${bucket}") |> range(start: -1h) |> keep(columns: ["_measurement", "_field", "_value"])`,
  });
  return reply.text();
}

test('a line written is read back', async () => {
  const reply = await fetch(`${influx.url}/api/v2/write?org=${influx.org}&bucket=${influx.bucket}`, {
    method: 'POST',
    headers: { authorization: `Token ${influx.adminToken}` },
    body: 'temp,sensor=soc temp=47.5',
  });
  expect(reply.status).toBe(204);
  expect(await read(influx)).toContain('47.5,temp,temp');
});

test('it keeps its data and its token after a power cut', async () => {
  await influx.kill();
  const before = influx.adminToken;
  influx = await startInfluxd({ dir });
  expect(influx.adminToken).toBe(before);
  expect(await read(influx)).toContain('47.5');
});

test('it does not respond while paused, and responds again when resumed', async () => {
  await influx.pause();
  await expect(fetch(`${influx.url}/health`, { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  influx.resume();
  expect((await fetch(`${influx.url}/health`)).ok).toBe(true);
});
