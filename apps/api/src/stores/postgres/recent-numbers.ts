import type { Db } from '../../db/schema.ts';
import { inSlices } from '../../scheduling/slices.ts';
import type { WindowAnswer, WindowQuestion, WindowsQuery } from '../metrics-store.ts';
import { nsOf } from './nanoseconds.ts';
import { ofValues } from './of-values.ts';
import { areAsTheyCame, MAX_CHANNELS, type Rows, readRows } from './recent-rows.ts';
import type { Asked } from './window-channels.ts';

/** Answers of windows whose numbers are all still as they came. @returns with what has to be answered otherwise */
export async function recentNumbers(
  db: Db,
  query: WindowsQuery,
  asked: Asked[],
): Promise<{ answers: WindowAnswer[]; left: Asked[] }> {
  if (asked.length === 0 || !(await areAsTheyCame(db, query.from))) return { answers: [], left: asked };
  const columns = await inSlices(columnsOf(asked));
  const few = [...columns].filter(([, { size }]) => size <= MAX_CHANNELS);
  const robots = few.map(([robotId, channels]) => ({ robotId, channels: [...channels.keys()] }));
  const range = { from: nsOf(query.from), to: nsOf(query.to) };
  const rows = await readRows(db, robots, range);
  const answers = await inSlices(answering(query, asked, columns, rows));
  return { answers, left: asked.filter(({ robotId }) => (columns.get(robotId)?.size ?? 0) > MAX_CHANNELS) };
}

type Columns = Map<number, Map<number, number>>;
/** So many are worked on without a pause. */
const AT_ONCE = 512;

/** By robot and channel, from 1 on. */
function* columnsOf(asked: Asked[]): Generator<void, Columns> {
  const columns: Columns = new Map();
  for (const [i, { robotId, channel }] of asked.entries()) {
    if (i % AT_ONCE === 0) yield;
    const known = columns.get(robotId);
    if (!known) columns.set(robotId, new Map([[channel, 1]]));
    else if (!known.has(channel)) known.set(channel, known.size + 1);
  }
  return columns;
}

function* answering(
  { questions }: WindowsQuery,
  asked: Asked[],
  columns: Columns,
  rows: Map<number, Rows>,
): Generator<void, WindowAnswer[]> {
  const answers: WindowAnswer[] = [];
  for (const [i, { question, robotId, channel }] of asked.entries()) {
    if (i % AT_ONCE === 0) yield;
    const found = rows.get(robotId);
    const column = columns.get(robotId)?.get(channel);
    if (!found || column === undefined) continue;
    const value = ofValues((questions[question] as WindowQuestion).fn, found, column);
    if (value !== undefined) answers.push({ robotId, question, value });
  }
  return answers;
}
