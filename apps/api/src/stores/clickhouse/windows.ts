import { TOTALS } from '../../figures/index.ts';
import type { WindowAnswer, WindowFunction, WindowQuestion, WindowsQuery } from '../metrics-store.ts';
import { INCREASE, NUMBERS, number } from './aggregates.ts';
import type { ClickHouse } from './client.ts';
import { inParts } from './fleet.ts';
import { joined, nsOf, SqlText, sql } from './query-text.ts';
import { hasTag, isTotal } from './series-tags.ts';

/** Those that texts and booleans have, too. */
const OF_STATES: readonly WindowFunction[] = ['last', 'changed'];

/** One query for all questions about the same values. */
export async function queryWindows(db: ClickHouse, query: WindowsQuery, signal: AbortSignal): Promise<WindowAnswer[]> {
  const groups = Map.groupBy(query.questions.entries(), ([, question]) => sameValues(question));
  const answers: WindowAnswer[] = [];
  for (const group of groups.values()) answers.push(...(await ask(db, query, group, signal)));
  return answers;
}

const sameValues = ({ measurement, field, tags, fn }: WindowQuestion) =>
  JSON.stringify([measurement, field, Object.entries(tags).sort(), OF_STATES.includes(fn) || field === null]);

type Row = [robotId: number, kind: string, str: string, ...values: number[]];

function ask(
  db: ClickHouse,
  { robotIds, from, to }: WindowsQuery,
  group: [number, WindowQuestion][],
  signal: AbortSignal,
): Promise<WindowAnswer[]> {
  const [, { measurement, field, tags, fn }] = group[0] as [number, WindowQuestion];
  const ofStates = field === null || OF_STATES.includes(fn);
  const conditions = [
    sql`measurement = ${measurement}`,
    ...(field === null ? [] : [sql`field = ${field}`]),
    ...(ofStates ? [] : [NUMBERS]),
    ...Object.entries(tags).map(([name, value]) => withTag(measurement, name, value)),
  ];
  const columns = joined(
    group.map(([question, { fn }]) => sql`${columnOf(fn)} as ${new SqlText(`answer${question}`)}`),
    ', ',
  );
  return inParts(robotIds, async (some) => {
    const answers: WindowAnswer[] = [];
    await db.read<Row>(
      sql`select robot_id, toString(argMax(kind, time)), argMax(str, time), ${columns}
        from points final where robot_id in (${some}) and time >= ${nsOf(from)} and time < ${nsOf(to)} and ${joined(conditions, ' and ')}
        group by robot_id, field, tags`,
      ([robotId, kind, str, ...values]) => {
        for (const [i, [question, asked]] of group.entries())
          answers.push({ robotId, question, value: answerOf(asked.fn, kind, str, values[i] as number) });
      },
      signal,
    );
    return answers;
  });
}

function columnOf(fn: WindowFunction): SqlText {
  if (fn === 'increase') return sql`toFloat64(${INCREASE})`;
  return fn === 'changed' ? sql`toFloat64(uniqExact(kind, num, str) > 1)` : number(fn);
}

function answerOf(fn: WindowFunction, kind: string, str: string, value: number): WindowAnswer['value'] {
  if (fn === 'changed') return value > 0;
  if (fn !== 'last') return value;
  return kind === 'string' ? str : kind === 'boolean' ? value !== 0 : value;
}

function withTag(measurement: string, name: string, value: string): SqlText {
  const total = TOTALS[measurement];
  return total?.tag === name && total.value === value ? isTotal(name, value) : hasTag(name, value);
}
