import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import { HeldArrivals } from '../../src/arrivals/held-arrivals.ts';
import { HeldValues } from '../../src/arrivals/held-values.ts';
import { deleteArrivals, deleteUnwatched } from '../../src/arrivals/index.ts';
import { RecentWindows } from '../../src/arrivals/recent-windows.ts';
import { SettledRows } from '../../src/arrivals/settled-rows.ts';
import type { MetricsStore, WindowAnswer, WindowFunction } from '../../src/stores/index.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const FNS: WindowFunction[] = ['mean', 'min', 'max', 'sum', 'count', 'last', 'increase', 'changed'];
const WINDOW_MS = 60_000;
type Query = Parameters<RecentWindows['windows']>[0];

/** Everybody's: side matters with `max`, and the text has no mean. */
const questions: Query['questions'] = ['v', 'w', 'mode', 'on'].flatMap((field) =>
  FNS.map((fn) => ({
    ...{ ownerId: null, measurement: 'm', field, fn },
    tags: (fn === 'max' ? { side: 'left' } : {}) as Record<string, string>,
  })),
);
const query = (robotIds: number[], to: number): Query => ({ robotIds, questions, from: to - WINDOW_MS, to });
const signal = () => AbortSignal.timeout(30_000);

/** A replica that evaluates, and what it asked the store for. */
function replica({ settled = 0, max = 1_000_000 } = {}) {
  const { db, store } = api.deps();
  const asked: { robots: number; questions: number }[] = [];
  const windows: MetricsStore['windows'] = (of, until) => {
    asked.push({ robots: of.robotIds.length, questions: of.questions.length });
    return store.windows(of, until);
  };
  const arrivals = new HeldArrivals(db, new SettledRows(settled), () => new HeldValues(max));
  return { windows: new RecentWindows(db, { windows }, arrivals), asked, held: () => arrivals.values.size };
}

/** As if everything had been watched for an hour. */
async function watchedForLong(): Promise<void> {
  const { db, arrivals } = api.deps();
  await sql`truncate arrivals`.execute(db);
  await sql`alter table watched_fields alter column created_at set default now() - interval '1 hour'`.execute(db);
  await sql`
    insert into arrivals_epoch (began_at) values (now() - interval '1 hour')
    on conflict (only_row) do update set began_at = excluded.began_at`.execute(db);
  await replica().windows.windows(query([], Date.now()), signal());
  await arrivals.refresh();
}

const sorted = (answers: WindowAnswer[]) =>
  answers
    .map(({ robotId, question, value }) =>
      JSON.stringify([robotId, question, typeof value === 'number' ? Number(value.toPrecision(9)) : value]),
    )
    .sort();

const robotsOf = async (count: number) => {
  const owner = await api.person();
  return Promise.all(Array.from({ length: count }, () => api.pairedRobot(owner)));
};

/** Seconds after the first window's end, so that points come early, in time, late, and again with another value. */
const line = fc.record({
  robot: fc.integer({ min: 0, max: 1 }),
  at: fc.integer({ min: -90, max: 120 }),
  side: fc.constantFrom('left', 'right', ''),
  fields: fc.subarray(['v', 'w', 'mode', 'on'], { minLength: 1 }),
  value: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
});
const round = fc.record({
  lines: fc.array(line, { maxLength: 12 }),
  /** Noted in a transaction that takes its number now, and ends after the next windows were read. */
  isSlow: fc.boolean(),
  /** Another replica goes on, knowing nothing. */
  isOther: fc.nat({ max: 4 }).map((n) => n === 0),
  pause: fc.constantFrom(10, 10, 10, 3, 30, 80),
});

it('what has arrived gives the answers of the store, however late points come, and whoever evaluates', async () => {
  const { db, store } = api.deps();
  await watchedForLong();
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 3, maxLength: 8 }), async (rounds) => {
      const robots = await robotsOf(2);
      const ids = robots.map(({ id }) => id);
      // Windows are never of the future.
      const begin = Math.floor(Date.now() / 1000) * 1000 - 700_000;
      const send = async ({ robot, at, side, fields, value }: (typeof rounds)[0]['lines'][0]) => {
        const of: Record<string, string> = { mode: `"${value > 0 ? 'run' : 'rest'}"`, on: String(value > 1) };
        const text = fields.map((field) => `${field}=${of[field] ?? value}`).join();
        const body = `m${side && `,side=${side}`} ${text} ${begin + at * 1000}`;
        const reply = await api.report((robots[robot] as (typeof robots)[0]).token, body, {}, '?precision=ms');
        expect(reply.status).toBe(204);
      };
      let [to, one] = [begin, replica()];
      const read = () => one.windows.windows(query(ids, to), signal());
      for (const { lines, isSlow, isOther, pause } of rounds) {
        if (isOther) one = replica();
        for (const sent of lines) await send(sent);
        to += pause * 1000;
        if (isSlow) {
          const slow = await db.startTransaction().execute();
          try {
            await sql`
              with moved as (delete from arrivals where id = (select max(id) from arrivals) returning body)
              insert into arrivals (body) select body from moved`.execute(slow);
            for (const sent of lines.slice(0, 1)) await send({ ...sent, at: sent.at + 1 });
            await read();
          } finally {
            await slow.commit().execute();
          }
        }
        expect(sorted(await read())).toEqual(sorted(await store.windows(query(ids, to), signal())));
      }
      expect(one.asked).toEqual([]);
    }),
    { numRuns: 40 },
  );
}, 120_000);

it('what is not watched yet comes from the store, with what was sent before anybody asked', async () => {
  const [robot] = await robotsOf(1);
  const { id, token } = robot as { id: number; token: string };
  const { db, arrivals } = api.deps();
  const own = { ownerId: null, measurement: `fresh_${id}`, field: 'v', tags: {}, fn: 'count' as const };
  const one = replica();
  const count = async () => {
    const to = Date.now();
    return (await one.windows.windows({ robotIds: [id], questions: [own], from: to - 60_000, to }, signal()))[0]?.value;
  };
  await sql`alter table watched_fields alter column created_at set default now()`.execute(db);
  const send = () => api.report(token, `fresh_${id} v=1`);
  await send();
  await new Promise((done) => setTimeout(done, 5));
  expect(await count()).toBe(1);
  await arrivals.refresh();
  await send();
  await new Promise((done) => setTimeout(done, 5));
  expect(await count()).toBe(2);
  expect(one.asked).toEqual(Array(2).fill({ robots: 1, questions: 1 }));
});

it('a robot that sends too much is asked of the store, and only that one', async () => {
  await watchedForLong();
  const { store } = api.deps();
  const robots = await robotsOf(2);
  const [loud, calm] = robots as [(typeof robots)[0], (typeof robots)[0]];
  const to = Date.now();
  const many = Array.from({ length: 3_000 }, (_, i) => `m v=${i} ${to - 30_000 + i}`).join('\n');
  expect((await api.report(loud.token, many, {}, '?precision=ms')).status).toBe(204);
  await api.report(loud.token, `m mode="${'x'.repeat(1_000)}" ${to - 1}`, {}, '?precision=ms');
  await api.report(calm.token, `m v=1 ${to - 1}`, {}, '?precision=ms');
  const one = replica();
  const ids = [loud.id, calm.id];
  const answers = await one.windows.windows(query(ids, to), signal());
  expect(one.asked).toEqual([{ robots: 1, questions: questions.length }]);
  expect(sorted(answers)).toEqual(sorted(await store.windows(query(ids, to), signal())));
});

it('what is held is bounded; robots that find no place are asked of the store', async () => {
  await watchedForLong();
  const { store } = api.deps();
  const robots = await robotsOf(3);
  const ids = robots.map(({ id }) => id);
  const now = Date.now();
  for (let i = 0; i < 60; i++)
    for (const { token } of robots) await api.report(token, `m v=${i} ${now - 40_000 + i}`, {}, '?precision=ms');
  const one = replica({ max: 100 });
  const answers = await one.windows.windows(query(ids, now), signal());
  expect(one.held()).toBeLessThan(250);
  expect(one.asked.length).toBe(1);
  expect(sorted(answers)).toEqual(sorted(await store.windows(query(ids, now), signal())));
});

it('after the database lost what was noted, the store is asked', async () => {
  await watchedForLong();
  const { db, store } = api.deps();
  const [robot] = await robotsOf(1);
  const { id, token } = robot as { id: number; token: string };
  const one = replica({ settled: 5_000 });
  const now = Date.now();
  await api.report(token, `m v=1 ${now - 1_000}`, {}, '?precision=ms');
  await one.windows.windows(query([id], now), signal());
  expect(one.asked).toEqual([]);
  // As after a crash: tables that are not logged are empty, and their numbers begin anew.
  await sql`truncate arrivals, arrivals_epoch restart identity`.execute(db);
  await api.report(token, `m v=2 ${now - 500}`, {}, '?precision=ms');
  const answers = await one.windows.windows(query([id], now), signal());
  expect(one.asked.length).toBe(1);
  expect(sorted(answers)).toEqual(sorted(await store.windows(query([id], now), signal())));
});

it('the very first that arrives is seen, however often nothing was found before', async () => {
  await watchedForLong();
  const { db, store } = api.deps();
  const [robot] = await robotsOf(1);
  const { id, token } = robot as { id: number; token: string };
  // As in a new database, or after a crash of it.
  await sql`truncate arrivals restart identity`.execute(db);
  const one = replica();
  const to = Date.now();
  for (let i = 0; i < 3; i++) await one.windows.windows(query([id], to), signal());
  await api.report(token, `m v=1 ${to - 1}`, {}, '?precision=ms');
  const answers = await one.windows.windows(query([id], to), signal());
  expect(answers).not.toEqual([]);
  expect(sorted(answers)).toEqual(sorted(await store.windows(query([id], to), signal())));
  expect(one.asked).toEqual([]);
});

it('one person’s rules have no other’s values noted', async () => {
  const { db, arrivals } = api.deps();
  const [owner, other] = [await api.person(), await api.person()];
  const [own, foreign] = [await api.pairedRobot(owner), await api.pairedRobot(other)];
  const measurement = `private_${own.id}`;
  const one = replica();
  const to = Date.now() + 1_000;
  const asked = { ownerId: owner.id, measurement, field: 'v', tags: {}, fn: 'last' as const };
  const ask = () => one.windows.windows({ robotIds: [own.id], questions: [asked], from: to - 60_000, to }, signal());
  await ask();
  await arrivals.refresh();
  await sql`truncate arrivals`.execute(db);
  await api.report(foreign.token, `${measurement} v=7`);
  expect((await sql`select from arrivals`.execute(db)).rows).toEqual([]);
  await api.report(own.token, `${measurement} v=8`);
  expect((await sql`select from arrivals`.execute(db)).rows.length).toBe(1);
});

it('names may have every character that line protocol has', async () => {
  await watchedForLong();
  const { store, arrivals } = api.deps();
  const [robot] = await robotsOf(1);
  const { id, token } = robot as { id: number; token: string };
  const to = Date.now();
  const asked: Query['questions'] = [
    ['my meas,ure', 'f=1 ü', { 'k ey': 'v,al=1' }],
    ['a\\b=c', 'x\\y', {}],
    ['Ж "q"', '🤖', { ü: 'ß"' }],
  ].map(([measurement, field, tags]) => ({ ownerId: null, measurement, field, tags, fn: 'last' })) as never;
  const query = { robotIds: [id], questions: asked, from: to - 60_000, to };
  await replica().windows.windows(query, signal());
  await arrivals.refresh();
  const lines = [
    String.raw`my\ meas\,ure,k\ ey=v\,al\=1 f\=1\ ü=1 ${to - 1}`,
    String.raw`a\b=c x\y=2 ${to - 1}`,
    String.raw`Ж\ "q",ü=ß" 🤖=3 ${to - 1}`,
  ];
  const reply = await api.report(token, Buffer.from(lines.join('\n')), {}, '?precision=ms');
  expect(reply.status, JSON.stringify(reply.body)).toBe(204);
  const one = replica();
  const answers = await one.windows.windows(query, signal());
  expect(one.asked).toEqual([]);
  expect(sorted(answers)).toEqual(
    [
      [id, 0, 1],
      [id, 1, 2],
      [id, 2, 3],
    ].map((of) => JSON.stringify(of)),
  );
  expect(sorted(await store.windows(query, signal()))).toEqual(sorted(answers));
});

it('a replica that has not evaluated for a while does not take what it missed for absent', async () => {
  await watchedForLong();
  const [robot] = await robotsOf(1);
  const { id } = robot as { id: number };
  const one = replica();
  // Its clock, not the database's.
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() });
  try {
    const unknown = async () => {
      const since = Date.now() - 1_500_000;
      return (await one.windows.presence({ robotIds: [id], measurement: 'm', ownerId: null, since })).unknown;
    };
    // What came before it began may have been forgotten.
    expect(await unknown()).toEqual([id]);
    for (let minutes = 0; minutes < 40; minutes += 5) {
      vi.advanceTimersByTime(300_000);
      await unknown();
    }
    expect(await unknown()).toEqual([]);
    vi.advanceTimersByTime(1_800_000);
    expect(await unknown()).toEqual([id]);
  } finally {
    vi.useRealTimers();
  }
});

it('what nobody asks for any more is neither watched nor kept', async () => {
  const { db, arrivals } = api.deps();
  await watchedForLong();
  const [robot] = await robotsOf(1);
  await api.report((robot as { token: string }).token, 'm v=1');
  const rows = async () => (await sql`select from arrivals`.execute(db)).rows.length;
  await deleteUnwatched(db);
  await deleteArrivals(db);
  expect(await rows()).toBe(1);
  await sql`update watched_fields set asked_at = now() - interval '31 minutes'`.execute(db);
  await sql`update arrivals set at = now() - interval '27 minutes'`.execute(db);
  await deleteUnwatched(db);
  await deleteArrivals(db);
  expect(await rows()).toBe(0);
  await arrivals.refresh();
  await api.report((robot as { token: string }).token, 'm v=2');
  expect(await rows()).toBe(0);
});
