import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { channelIdsOf } from '../../src/stores/postgres/channels.ts';
import { useTestApi } from '../support/test-api.ts';
import { FNS, type Point, windowsOf } from '../support/windows.ts';

const HOUR_MS = 3_600_000;
const api = useTestApi({ ROBOT_MAX_CHANNELS: '100' });
const begin = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;

const pack = () => api.deps().store.pack(AbortSignal.timeout(60_000));

async function robotOf() {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const send = async (points: Point[], measurement = 'temp') => {
    const lines = points.map(([at, value]) => `${measurement},sensor=soc temp=${value} ${at}`);
    expect((await api.report(robot.token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
  };
  const read = async (query: Record<string, string>) => {
    const path = `/robots/${robot.id}/metrics/temp?${new URLSearchParams(query)}`;
    const { status, body } = await api.call('GET', path, { token: owner.token });
    expect(status, JSON.stringify(body)).toBe(200);
    return (body.series[0]?.points ?? []) as Point[];
  };
  const recent = async () =>
    (
      await sql`select from metric_recent where robot_id = ${robot.id} and time < ${String(begin + 5 * HOUR_MS)}::bigint * 1000000`.execute(
        api.deps().db,
      )
    ).rows.length;
  return { ...robot, owner, send, read, recent };
}
const iso = (ms: number) => new Date(ms).toISOString();

/** A question about the five hours from `begin`, whose ends may cut hours, five minutes and windows. */
const question = fc.record({
  from: fc.integer({ min: -600, max: 5 * 3600 }),
  length: fc.integer({ min: 1, max: 5 * 3600 }),
  every: fc.constantFrom(1, 7, 60, 300, 900, 1800, 700, 2400),
  fn: fc.constantFrom(...FNS),
});
const moment = fc.integer({ min: 0, max: 5 * HOUR_MS - 1 });
const point = fc.tuple(
  fc.oneof(moment, fc.constantFrom(0, 300_000, 299_999, HOUR_MS, HOUR_MS - 1)),
  fc.integer({ min: -1000, max: 1000 }),
);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.array(point, { minLength: 1, maxLength: 60 }) },
  { weight: 1, arbitrary: fc.constant('pack' as const) },
);

it('gives the same answers wherever the points are: as they came, packed, or late among packed ones', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 5 }),
      fc.array(question, { minLength: 6, maxLength: 6 }),
      async (steps, questions) => {
        const robot = await robotOf();
        const stored = new Map<number, number>();
        for (const some of steps) {
          if (some === 'pack') await pack();
          else {
            const points = some.map(([at, value]): Point => [begin + at, value]);
            await robot.send(points);
            for (const [at, value] of points) stored.set(at, value);
          }
        }
        for (const { from: start, length, every, fn } of questions) {
          const [from, to] = [begin + start * 1000, begin + (start + length) * 1000];
          const expected = windowsOf([...stored], { from, to, everyMs: every * 1000, fn });
          const got = await robot.read({ from: iso(from), to: iso(to), every: `${every}s`, fn });
          expect(got.map(([at]) => at)).toEqual(expected.map(([at]) => at));
          for (const [i, [, value]] of expected.entries()) expect(got[i]?.[1]).toBeCloseTo(value, 6);
        }
      },
    ),
    { numRuns: 40 },
  );
});

it('packs whole hours and leaves what is recent', async () => {
  const robot = await robotOf();
  const now = Date.now();
  await robot.send([
    [begin, 1],
    [begin + 1000, 2],
    [now, 3],
  ]);
  await pack();
  expect(await robot.recent()).toBe(0);
  const left = await api
    .deps()
    .db.selectFrom('metric_recent')
    .select('vals')
    .where('robot_id', '=', robot.id)
    .execute();
  expect(left).toEqual([{ vals: [3] }]);
  // Around midnight, the points are of two days.
  const sums = await robot.read({ from: iso(begin), to: iso(now + 1000), every: '1d', fn: 'sum' });
  expect(sums.reduce((sum, [, value]) => sum + value, 0)).toBe(6);
});

it('every read is complete while points are packed and others arrive', async () => {
  const robot = await robotOf();
  const points = Array.from({ length: 5 * 360 }, (_, i): Point => [begin + i * 10_000, 1]);
  await robot.send(points);
  const asked = { from: iso(begin), to: iso(begin + 5 * HOUR_MS), every: '5h', fn: 'count' };
  const total = async () => (await robot.read(asked)).reduce((sum, [, value]) => sum + value, 0);
  let packing = true;
  const work = pack().finally(() => {
    packing = false;
  });
  let reads = 0;
  for (; packing; reads++) {
    // Sent again, as by a robot that did not get its answer.
    await robot.send(points.slice((reads % 5) * 360, (reads % 5) * 360 + 50));
    expect(await total()).toBe(points.length);
  }
  await work;
  await pack();
  expect([await robot.recent(), await total()]).toEqual([0, points.length]);
  expect(reads).toBeGreaterThan(0);
});

it('two replicas that pack at once lose nothing', async () => {
  const robot = await robotOf();
  for (let i = 0; i < 4; i++)
    await robot.send(Array.from({ length: 300 }, (_, k): Point => [begin + (k * 4 + i) * 1000, 1]));
  await Promise.all([pack(), pack(), pack()]);
  await robot.send([[begin + 1, 1]]);
  await Promise.all([pack(), pack()]);
  expect(await robot.read({ from: iso(begin), to: iso(begin + HOUR_MS), every: '1h', fn: 'count' })).toEqual([
    [begin, 1201],
  ]);
});

it('the newest value is found wherever it is', async () => {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const now = Date.now();
  const report = (line: string, at: number) => api.report(robot.token, `${line} ${at}`, {}, '?precision=ms');
  // Long before the last rows, in rows that have other fields; and of a robot with a slow clock, in a block.
  await report('mem used_percent=10', now - 3_000_000);
  for (let i = 0; i < 20; i++) await report('system load1=1', now - 1_000_000 + i * 1000);
  const newest = async (since: number) => {
    const selectors = [
      { measurement: 'mem', field: 'used_percent' },
      { measurement: 'system', field: 'load1' },
    ];
    const found = await api.deps().store.newest({ robotIds: [robot.id], selectors, since }, AbortSignal.timeout(5_000));
    return Object.fromEntries(found.map(({ measurement, value, time }) => [measurement, [value, time]]));
  };
  expect(await newest(now - HOUR_MS)).toEqual({ mem: [10, now - 3_000_000], system: [1, now - 981_000] });
  expect(await newest(now - 2_000_000)).toEqual({ system: [1, now - 981_000] });
  await report('mem used_percent=20', begin + 5);
  await report('mem used_percent=30', begin + 7);
  await api
    .deps()
    .db.deleteFrom('metric_recent')
    .where('robot_id', '=', robot.id)
    .where('time', '>', String(BigInt(begin + 5 * HOUR_MS) * 1_000_000n))
    .execute();
  await pack();
  expect(await newest(begin)).toEqual({ mem: [30, begin + 7] });
  expect(await newest(begin + 7)).toEqual({});
});

it('late points do not hide a newer value that is packed', async () => {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const report = (value: number, at: number) =>
    api.report(robot.token, `mem used_percent=${value} ${at}`, {}, '?precision=ms');
  await report(77, begin + HOUR_MS - 1000);
  await pack();
  await report(11, begin + HOUR_MS - 900_000);
  const selectors = [{ measurement: 'mem', field: 'used_percent' }];
  const newest = async () =>
    (await api.deps().store.newest({ robotIds: [robot.id], selectors, since: begin }, AbortSignal.timeout(5_000))).map(
      ({ value }) => value,
    );
  expect(await newest()).toEqual([77]);
  await report(78, begin + HOUR_MS - 1000);
  expect(await newest()).toEqual([78]);
});

it('one robot that cannot be packed does not stop the others, and loses nothing', async () => {
  const [bad, good] = [await robotOf(), await robotOf()];
  for (const robot of [bad, good]) await robot.send([[begin, 5]]);
  const { db } = api.deps();
  const [channel] = await channelIdsOf(db, bad.id);
  await sql
    .raw(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
    create trigger refuse before insert on metric_blocks for each row when (new.channel = ${channel}) execute function refuse()`)
    .execute(db);
  await expect(pack()).rejects.toThrow('1 robots could not be packed');
  expect([await bad.recent(), await good.recent()]).toEqual([1, 0]);
  await sql`drop trigger refuse on metric_blocks`.execute(db);
  const asked = { from: iso(begin), to: iso(begin + HOUR_MS), every: '1h', fn: 'last' };
  expect(await bad.read(asked)).toEqual([[begin, 5]]);
});

it('limits the fields of all series together, and stores what is known', async () => {
  const robot = await robotOf();
  const line = (series: number, fields: number) =>
    `wide,s=${series} ${Array.from({ length: fields }, (_, i) => `f${i}=1`).join()}`;
  expect((await api.report(robot.token, [line(0, 60), line(1, 30)].join('\n'))).status).toBe(204);
  const { status, body } = await api.report(robot.token, [line(2, 40), line(0, 60)].join('\n'));
  expect([status, JSON.stringify(body)]).toEqual([
    422,
    expect.stringContaining('more than 100 fields in all series together'),
  ]);
  expect((await api.report(robot.token, line(1, 30))).status).toBe(204);
  expect(await channelIdsOf(api.deps().db, robot.id)).toHaveLength(100);
  const stored = await api
    .deps()
    .db.selectFrom('metric_recent')
    .select('id')
    .where('robot_id', '=', robot.id)
    .execute();
  expect(stored).toHaveLength(3);
});

it('of two lines of one series and time the later counts, whatever their first field is', async () => {
  const robot = await robotOf();
  const lines = [1, 2, 3].map((v) => `temp,sensor=soc note="x",temp=${v} ${begin}`);
  expect((await api.report(robot.token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
  const { vals } = await api
    .deps()
    .db.selectFrom('metric_recent')
    .select('vals')
    .where('robot_id', '=', robot.id)
    .executeTakeFirstOrThrow();
  expect(vals).toEqual([3]);
});
