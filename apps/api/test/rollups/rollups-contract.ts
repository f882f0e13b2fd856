import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it, vi } from 'vitest';
import { expireRollups, rollupPartitions } from '../../src/rollups/partitions.ts';
import { rollUpDue } from '../../src/rollups/roll-up.ts';
import { rollUpMarked } from '../support/roll-up.ts';
import type { useTestApi } from '../support/test-api.ts';
import { FNS, type Point, windowsOf } from '../support/windows.ts';

type TestApi = ReturnType<typeof useTestApi>;

const HOUR_MS = 3_600_000;

/** What roll-ups answer, whichever store keeps the points. */
export function rollupsContract(api: TestApi): void {
  const rollUp = (robotId?: number) =>
    rollUpMarked(api.deps(), robotId === undefined ? undefined : sql`robot_id = ${robotId}`);
  const robotOf = async () => {
    const owner = await api.person();
    const robot = await api.pairedRobot(owner);
    /** Like a robot, which sends again what could not be stored in time. */
    const send = async (lines: string[]) => {
      const status = async () => (await api.report(robot.token, lines.join('\n'), {}, '?precision=ms')).status;
      await vi.waitFor(async () => expect(await status()).toBe(204), { timeout: 40_000, interval: 500 });
    };
    const read = async (measurement: string, query: Record<string, string>) => {
      const reply = await api.call('GET', `/robots/${robot.id}/metrics/${measurement}?${new URLSearchParams(query)}`, {
        token: owner.token,
      });
      expect(reply.status, JSON.stringify(reply.body)).toBe(200);
      return reply.body.series as { field: string; tags: Record<string, string>; points: Point[] }[];
    };
    const pending = async () =>
      (await api.deps().db.selectFrom('rollup_due').select('hour').where('robot_id', '=', robot.id).execute()).length;
    return { ...robot, owner, send, read, pending };
  };
  const iso = (ms: number) => new Date(ms).toISOString();
  const begin = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 72 * HOUR_MS;

  describe('windows of whole hours', () => {
    it('are what the points come to, whatever part of them is rolled up', async () => {
      const robot = await robotOf();
      const points: Record<'soc' | 'gpu', Point[]> = { soc: [], gpu: [] };
      const store = async (sensor: 'soc' | 'gpu', some: Point[]) => {
        points[sensor].push(...some);
        await robot.send(some.map(([at, value]) => `temp,sensor=${sensor} temp=${value} ${at}`));
      };
      const some = (seed: number, from: number, hours: number) =>
        Array.from({ length: hours * 4 }, (_, i): Point => {
          const at = from + i * 900_000 + ((i * 7919 + seed * 104_729) % 880_000);
          return [at, Math.round((Math.sin(i * seed) * 40 + 50) * 1000) / 1000];
        });
      await store('soc', some(1, begin, 50));
      await store('gpu', some(2, begin + 5 * HOUR_MS, 20));
      await rollUp(robot.id);
      expect(await robot.pending()).toBe(0);
      const hours = fc.integer({ min: -2, max: 54 });
      const question = fc.record({
        ...{ from: hours, to: hours, cutFrom: fc.nat(3599), cutTo: fc.nat(3599) },
        ...{ every: fc.constantFrom(1, 2, 3, 24, 48), fn: fc.constantFrom(...FNS) },
      });
      const holds = () =>
        fc.assert(
          fc.asyncProperty(question, async ({ from: a, to: b, cutFrom, cutTo, every, fn }) => {
            const [from, to] = [begin + a * HOUR_MS + cutFrom * 1000, begin + b * HOUR_MS + cutTo * 1000];
            if (from >= to) return;
            const series = await robot.read('temp', { from: iso(from), to: iso(to), every: `${every}h`, fn });
            for (const sensor of ['soc', 'gpu'] as const) {
              const expected = windowsOf(points[sensor], { from, to, everyMs: every * HOUR_MS, fn });
              const got = series.find(({ tags }) => tags.sensor === sensor)?.points ?? [];
              expect(got.map(([at]) => at)).toEqual(expected.map(([at]) => at));
              for (const [i, [, value]] of expected.entries()) expect(got[i]?.[1]).toBeCloseTo(value, 6);
            }
          }),
          { numRuns: 40 },
        );
      await holds();
      // Late points, of hours that were rolled up: at once, and after they are computed anew.
      await store('soc', some(3, begin + 30 * HOUR_MS, 10));
      expect(await robot.pending()).toBeGreaterThan(0);
      await holds();
      await rollUp(robot.id);
      expect(await robot.pending()).toBe(0);
      await holds();
    });

    it('have the right sum of huge numbers, too', async () => {
      const robot = await robotOf();
      await robot.send([
        ...[0, 1, 2].map((s) => `m many=9000000000000000000i,few=-9000000000000000000i ${begin + s * 1000}`),
        ...[3, 4].map((s) => `m huge=1.7e308,usual=2 ${begin + s * 1000}`),
        `m many=5i,huge=3,usual=4 ${begin + HOUR_MS}`,
      ]);
      await rollUp(robot.id);
      const sums = await robot.read('m', { from: iso(begin), to: iso(begin + 2 * HOUR_MS), every: '1h', fn: 'sum' });
      // Each value counts up to 1e300.
      const expected = { few: [-2.7e19], huge: [2e300, 3], many: [2.7e19, 5], usual: [4, 4] };
      expect(Object.keys(expected)).toEqual(sums.map(({ field }) => field).sort());
      for (const { field, points } of sums) {
        const wanted = expected[field as keyof typeof expected];
        expect(points, field).toHaveLength(wanted.length);
        for (const [i, [, sum]] of points.entries())
          expect(Number(sum) / (wanted[i] as number), field).toBeCloseTo(1, 9);
      }
    });

    it('tell when their last value was measured, on request', async () => {
      const robot = await robotOf();
      await robot.send([`net bytes_sent=5i ${begin + 1000}`, `net bytes_sent=7i ${begin + 3_500_250}`]);
      await rollUp(robot.id);
      await robot.send([`net bytes_sent=9i ${begin + HOUR_MS + 2500}`]);
      const asked = { from: iso(begin), to: iso(begin + 2 * HOUR_MS), every: '1h', fn: 'last', times: 'sample' };
      expect((await robot.read('net', asked))[0]?.points).toEqual([
        [begin + 3_500_250, 7],
        [begin + HOUR_MS + 2500, 9],
      ]);
    });

    it('say what strings were last beside the numbers', async () => {
      const robot = await robotOf();
      await robot.send([`m mode="auto",v=1 ${begin}`, `m mode="stop",v=2 ${begin + 60_000}`]);
      await rollUp(robot.id);
      const asked = { from: iso(begin), to: iso(begin + HOUR_MS), every: '1h', fn: 'last' };
      const series = await robot.read('m', asked);
      expect(series.map(({ field, points }) => [field, points[0]?.[1]]).sort()).toEqual([
        ['mode', 'stop'],
        ['v', 2],
      ]);
    });

    it('are still there when the points are gone', async () => {
      const robot = await robotOf();
      await robot.send([`temp temp=40 ${begin}`, `temp temp=60 ${begin + 60_000}`]);
      await rollUp(robot.id);
      await api.deps().store.purge(robot.id);
      const asked = { from: iso(begin), to: iso(begin + 24 * HOUR_MS), every: '1d' };
      expect((await robot.read('temp', asked))[0]?.points).toEqual([[begin, 50]]);
      expect((await robot.read('temp', { ...asked, every: '1h', fn: 'max' }))[0]?.points).toEqual([[begin, 60]]);
    });
  });

  it('counters tell how much they grew, resets and late points included', async () => {
    const robot = await robotOf();
    const net = (minute: number, value: number) => `net,interface=eth0 bytes_recv=${value}i ${begin + minute * 60_000}`;
    await robot.send([net(10, 1000), net(50, 1500), net(70, 1800), net(100, 200), net(130, 300)]);
    await rollUp(robot.id);
    const increases = async () => {
      const { rows } = await sql<{ hour: number; increase: number | null }>`
        select hour - ${begin / HOUR_MS}::int as hour, increase from rollup_hours h join metric_series s on s.id = h.series_id
        where s.robot_id = ${robot.id} order by 1`.execute(api.deps().db);
      return rows.map(({ hour, increase }) => [hour, increase]);
    };
    expect(await increases()).toEqual([
      [0, 500],
      [1, 500],
      [2, 100],
    ]);
    await robot.send([net(55, 1700)]);
    await rollUp(robot.id);
    // The hour behind begins from the new last value.
    await rollUp(robot.id);
    expect(await increases()).toEqual([
      [0, 700],
      [1, 300],
      [2, 100],
    ]);
  });

  it('counters are right though the hours come in any order, with hours missing between', async () => {
    const increase = async (robotId: number) => {
      const { rows } = await sql<{ total: number }>`
        select sum(increase) as total from rollup_hours h join metric_series s on s.id = h.series_id where s.robot_id = ${robotId}`.execute(
        api.deps().db,
      );
      return rows[0]?.total;
    };
    const net = (hour: number, value: number, minute = 0) =>
      `net,interface=eth0 bytes_sent=${value}i ${begin + hour * HOUR_MS + minute * 60_000}`;
    const gap = await robotOf();
    await gap.send([net(0, 100), net(4, 1000)]);
    await rollUp(gap.id);
    await gap.send([net(1, 600)]);
    await rollUp(gap.id);
    expect(await increase(gap.id)).toBe(900);
    const span = await robotOf();
    await span.send([net(1, 1000), net(1, 1100, 1)]);
    await rollUp(span.id);
    await span.send([net(0, 400), net(3, 5000)]);
    await rollUp(span.id);
    expect(await increase(span.id)).toBe(4600);
  });

  it('a robot with very many fields is rolled up too, a part at a time', async () => {
    const robot = await robotOf();
    const fields = (from: number) => Array.from({ length: 900 }, (_, i) => `f${from + i}=${i}`).join();
    await robot.send(Array.from({ length: 40 }, (_, i) => `wide,s=${i} ${fields(0)} ${begin + i * 1000}`));
    await rollUp(robot.id);
    const { rows } = await sql<{ count: number; sum: number }>`
      select count(*)::int as count, sum(sum) as sum from rollup_hours h join metric_series s on s.id = h.series_id
      where s.robot_id = ${robot.id}`.execute(api.deps().db);
    expect(rows[0]).toEqual({ count: 40 * 900, sum: (40 * 900 * 899) / 2 });
  });

  it('an hour counts its log entries by level', async () => {
    const robot = await robotOf();
    const log = (second: number, level: string | undefined) =>
      `syslog ${level ? `level="${level}",` : ''}message="m${second}" ${begin + second * 1000}`;
    await robot.send([
      ...[log(1, 'err'), log(2, 'ERR'), log(3, 'info'), log(4, undefined), log(3_700, 'err')],
      ...[log(5, 'x'.repeat(60_000)), log(6, 'anything')],
    ]);
    await rollUp(robot.id);
    const rows = await api
      .deps()
      .db.selectFrom('robot_activity')
      .select(['hour', 'logs'])
      .where('robot_id', '=', robot.id)
      .where('logs', 'is not', null)
      .orderBy('hour')
      .execute();
    expect(rows.map(({ logs }) => logs)).toEqual([{ err: 2, info: 1, '': 1, other: 2 }, { err: 1 }]);
  });

  it('is marked before it is stored, and stays due when it is marked again meanwhile', async () => {
    const { db, store, catalog } = api.deps();
    const robot = await robotOf();
    await robot.send([`m v=1 ${begin}`]);
    await sql`update rollup_due set due_at = now()`.execute(db);
    const marking = {
      ...{ series: store.series, logCounts: store.logCounts },
      hours: async (...asked: Parameters<typeof store.hours>) => {
        const found = await store.hours(...asked);
        await sql`update rollup_due set marks = marks + 1, due_at = now() + interval '1 minute' where robot_id = ${robot.id}`.execute(
          db,
        );
        return found;
      },
    } as typeof store;
    await rollUpDue({ db, store: marking, catalog, partitions: rollupPartitions(db) }, AbortSignal.timeout(60_000));
    expect(await robot.pending()).toBe(1);
    await rollUp(robot.id);
    expect(await robot.pending()).toBe(0);
  });

  it('a replica that was frozen does not put back what it had read before', async () => {
    const { db, store, catalog } = api.deps();
    const robot = await robotOf();
    await robot.send([`m v=1 ${begin}`]);
    await sql`update rollup_due set due_at = now() where robot_id = ${robot.id}`.execute(db);
    let isFrozen = true;
    const slow = {
      ...{ series: store.series, logCounts: store.logCounts },
      hours: async (...asked: Parameters<typeof store.hours>) => {
        const read = await store.hours(...asked);
        if (isFrozen && asked[0].robotId === robot.id) {
          isFrozen = false;
          await robot.send([`m v=5 ${begin + 1000}`]);
          await rollUp(robot.id);
        }
        return read;
      },
    } as typeof store;
    const partitions = rollupPartitions(db);
    await rollUpDue({ db, store: slow, catalog, partitions }, AbortSignal.timeout(60_000)).catch(() => {});
    expect(isFrozen).toBe(false);
    const asked = { from: iso(begin), to: iso(begin + HOUR_MS), every: '1h', fn: 'sum' };
    expect((await robot.read('m', asked))[0]?.points).toEqual([[begin, 6]]);
    expect(await robot.pending()).toBe(0);
  });

  it('nothing of a purged robot is left', async () => {
    const { db } = api.deps();
    const robot = await robotOf();
    const other = await robotOf();
    await other.send([`m v=1 ${begin}`]);
    await robot.send([`m v=1,only_here=2 ${begin}`]);
    await rollUp();
    const names = async () =>
      (await sql<{ name: string }>`select name from field_names`.execute(db)).rows.map(({ name }) => name);
    expect(await names()).toContain('only_here');
    const left = async () => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::int as count from rollup_hours h join metric_series s on s.id = h.series_id where s.robot_id = ${robot.id}`.execute(
        db,
      );
      return rows[0]?.count;
    };
    expect(await left()).toBe(2);
    await api.call('DELETE', `/robots/${robot.id}`, { token: robot.owner.token });
    await sql`update robot_purges set requested_at = requested_at - interval '1 hour'`.execute(db);
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
    const isPurged = async () => (await sql`select from robot_purges`.execute(db)).rows.length === 0;
    await expect.poll(isPurged, { timeout: 30_000 }).toBe(true);
    await expireRollups(db, rollupPartitions(db), 400 * 86_400);
    expect(await names()).not.toContain('only_here');
    expect(await names()).toContain('v');
    expect((await other.read('m', { from: iso(begin), to: iso(begin + HOUR_MS), every: '1h' }))[0]?.points).toEqual([
      [begin, 1],
    ]);
  });
}
