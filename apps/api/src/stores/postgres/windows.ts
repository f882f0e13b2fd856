import { sql } from 'kysely';
import type { Database, Db } from '../../db/schema.ts';
import type { WindowAnswer, WindowFunction, WindowQuestion, WindowsQuery } from '../metrics-store.ts';
import { meanOf } from './aggregates.ts';
import { type CellsQuery, cells, eachValue, type Part } from './cells.ts';
import { int8, nsOf } from './nanoseconds.ts';
import { recentNumbers } from './recent-numbers.ts';
import type { Asked, WindowChannels } from './window-channels.ts';

const PARTS: Record<Exclude<WindowFunction, 'increase'>, Part[]> = {
  mean: ['sum', 'count'],
  min: ['min'],
  max: ['max'],
  sum: ['sum'],
  count: ['count'],
  last: ['last', 'last_time'],
  changed: ['min', 'max'],
};

/** Reads for the numbers of all robots and questions together, and one for texts, where these may be asked for. */
export async function queryWindows(db: Db, channels: WindowChannels, query: WindowsQuery): Promise<WindowAnswer[]> {
  const asked = await channels.find(db, query);
  const fnOf = ({ question }: Asked) => (query.questions[question] as WindowQuestion).fn;
  const [numeric, texty] = [
    asked.filter(({ isText }) => isText !== true),
    asked.filter(({ question, isText }) => isText !== false && isOfTexts(query.questions[question] as WindowQuestion)),
  ];
  const { answers, left } = await recentNumbers(db, query, numeric);
  const [plain, counters] = [
    left.filter((one) => fnOf(one) !== 'increase'),
    left.filter((one) => fnOf(one) === 'increase'),
  ];
  if (plain.length > 0) answers.push(...(await numbers(db, query, plain)));
  if (counters.length > 0) answers.push(...(await increases(db, query, counters)));
  if (texty.length > 0) answers.push(...(await texts(db, query, texty)));
  return answers;
}

const isOfTexts = ({ fn, field }: WindowQuestion) => fn === 'last' || fn === 'changed' || field === null;

function cellsOf({ from, to }: WindowsQuery, asked: Asked[], parts: Part[]): CellsQuery {
  const channels = new Map(asked.map(({ channel, robotId }) => [channel, robotId]));
  return {
    ...{ channels: [...channels.keys()], robotOf: [...channels.values()], from: nsOf(from), to: nsOf(to) },
    ...{ origin: nsOf(from), width: nsOf(to - from), parts },
  };
}

type Cell = { channel: number } & Partial<Record<Part | 'mean', number>>;

async function numbers(db: Db, query: WindowsQuery, asked: Asked[]): Promise<WindowAnswer[]> {
  const fns = new Set(asked.map(({ question }) => query.questions[question]?.fn as keyof typeof PARTS));
  const parts = [...new Set([...fns].flatMap((fn) => PARTS[fn]))];
  const mean = fns.has('mean') ? sql`, ${meanOf(sql`sum`, sql`count`)} as mean` : sql``;
  const columns = sql.join(parts.filter((part) => part !== 'last_time').map((part) => sql.ref(part)));
  const select = sql<Cell>`
    select channel, ${columns}${mean} from (${cells(cellsOf(query, asked, parts))}) as cell`;
  const { rows } = await withMemory(db, (tx) => select.execute(tx));
  const found = new Map(rows.map((row) => [row.channel, row]));
  return answersOf(query, asked, (fn, channel) => {
    const cell = found.get(channel);
    return cell && (fn === 'changed' ? cell.min !== cell.max : cell[fn as Part | 'mean']);
  });
}

/** Growth between neighbouring values; a falling one is a reset to zero. */
async function increases(db: Db, query: WindowsQuery, asked: Asked[]): Promise<WindowAnswer[]> {
  const { rows } = await sql<{ channel: number; value: number }>`
    select channel, coalesce(sum(case when value >= before then value - before else value end) filter (where before is not null), 0) as value
    from (
      select channel, value, lag(value) over (partition by channel order by time) as before
      from (${eachValue(cellsOf(query, asked, []))}) as each
    ) as step group by channel`.execute(db);
  const found = new Map(rows.map((row) => [row.channel, row.value]));
  return answersOf(query, asked, (_, channel) => found.get(channel));
}

async function texts(db: Db, query: WindowsQuery, asked: Asked[]): Promise<WindowAnswer[]> {
  const { rows } = await sql<{ channel: number; last: string | boolean; changed: boolean; count: number }>`
    select channel, (array_agg(value order by time desc))[1] as last, count(distinct value) > 1 as changed, count(*)::float8 as count
    from metric_others where channel = any(${[...new Set(asked.map(({ channel }) => channel))]}::int[])
      and time >= ${int8(nsOf(query.from))} and time < ${int8(nsOf(query.to))} and jsonb_typeof(value) <> 'number'
    group by channel`.execute(db);
  const found = new Map(rows.map((row) => [row.channel, row]));
  return answersOf(query, asked, (fn, channel) => found.get(channel)?.[fn as 'last' | 'changed' | 'count']);
}

function answersOf(
  { questions }: WindowsQuery,
  asked: Asked[],
  answerOf: (fn: WindowFunction, channel: number) => WindowAnswer['value'] | undefined,
): WindowAnswer[] {
  return asked.flatMap(({ question, channel, robotId }) => {
    const value = answerOf((questions[question] as WindowQuestion).fn, channel);
    return value === undefined || value === null ? [] : [{ robotId, question, value }];
  });
}

/** What a fleet's aggregates need, so that they are not written to disk in between. */
const withMemory = <Result>(db: Db, read: (tx: Db) => Promise<Result>): Promise<Result> =>
  (db as Database).transaction().execute(async (tx) => {
    await sql`set local work_mem = '64MB'`.execute(tx);
    return read(tx);
  });
