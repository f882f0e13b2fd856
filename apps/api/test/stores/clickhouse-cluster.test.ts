import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { unleash } from '../acknowledged/chaos.ts';
import { seeded } from '../acknowledged/random.ts';
import { startTestCluster } from '../support/clickhouse-cluster.ts';
import { useTestApi } from '../support/test-api.ts';

/** A short run; a longer one: CLUSTER_SECONDS=300 CLUSTER_SEED=7. */
const SECONDS = Number(process.env.CLUSTER_SECONDS ?? 25);
const SEED = Number(process.env.CLUSTER_SEED ?? 18);
const ROBOTS = 20;

let cluster: Awaited<ReturnType<typeof startTestCluster>>;
const api = useTestApi(async () => {
  cluster = await startTestCluster({ shards: 1, replicas: 3, quorum: 2 });
  return cluster.settings;
});
afterAll(() => cluster?.stop());

it('loses nothing that was acknowledged while one replica after the other is killed', async () => {
  const owner = await api.person();
  const robots = await Promise.all(Array.from({ length: ROBOTS }, () => api.pairedRobot(owner)));
  const random = seeded(SEED);
  const end = Date.now() + SECONDS * 1000;
  const isOver = () => Date.now() > end;
  const acknowledged: string[] = [];
  const refused: number[] = [];
  const victims = [0, 1, 2].map((i) => ({
    name: `replica ${i}`,
    kill: () => cluster.kill(i),
    restart: () => cluster.start(i),
  }));
  const drive = async ({ id, token }: (typeof robots)[0]) => {
    for (let n = 0; !isOver(); n++) {
      const ms = Date.now();
      const line = `m,part=${n % 3} v=${n},w=${n}i ${ms}`;
      for (let isStored = false; !isStored; ) {
        const { status } = await api.report(token, line, {}, '?precision=ms');
        isStored = status === 204;
        if (isStored) acknowledged.push(`${id} ${ms} ${n}`);
        else refused.push(status);
        await sleep(isStored ? 50 : 200);
      }
    }
  };
  const [blows] = await Promise.all([unleash(victims, random, isOver), Promise.all(robots.map(drive))]);
  const summary = JSON.stringify({ blows, acknowledged: acknowledged.length, refused: refused.length });
  for (const i of [0, 1, 2]) {
    const stored = async () => {
      const found = await cluster.rows<{ key: string }>(
        i,
        `select concat(toString(robot_id), ' ', toString(intDiv(time, 1000000)), ' ', toString(toInt64(num))) as key
         from points_local final where field = 'v' and measurement = 'm'`,
      );
      return found.map(({ key }) => key);
    };
    const lost = async () => {
      const keys = new Set(await stored());
      return acknowledged.filter((key) => !keys.has(key));
    };
    await expect.poll(lost, { timeout: 60_000, message: `lost on replica ${i}: ${summary}` }).toEqual([]);
    const all = await stored();
    expect(new Set(all).size, `doubled on replica ${i}: ${summary}`).toBe(all.length);
  }
  expect(new Set(refused), summary).toEqual(new Set(refused.length > 0 ? [503] : []));
  expect(blows.length, summary).toBeGreaterThan(2);
  expect(acknowledged.length, summary).toBeGreaterThan(ROBOTS);
  process.stdout.write(
    `${JSON.stringify({ kills: blows.length, acknowledged: acknowledged.length, refused: refused.length })}\n`,
  );
}, 600_000);

it('refuses within four seconds what only one of three machines could keep, and takes it afterwards', async () => {
  const { id, token } = await api.pairedRobot(await api.person());
  await cluster.kill(0);
  await cluster.kill(2);
  const began = performance.now();
  expect((await api.report(token, `m v=1 ${Date.now()}`, {}, '?precision=ms')).status).toBe(503);
  expect(performance.now() - began).toBeLessThan(6_000);
  await Promise.all([cluster.start(0), cluster.start(2)]);
  const at = Date.now();
  await expect
    .poll(async () => (await api.report(token, `m v=2 ${at}`, {}, '?precision=ms')).status, { timeout: 60_000 })
    .toBe(204);
  for (const i of [0, 1, 2]) {
    const stored = () => cluster.rows(i, `select num from points_local final where robot_id = ${id} and num = 2`);
    await expect.poll(stored, { timeout: 60_000 }).toEqual([{ num: 2 }]);
  }
}, 300_000);
