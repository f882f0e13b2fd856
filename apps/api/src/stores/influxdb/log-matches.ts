import { flux, fluxExpression, type ParameterizedQuery } from '@influxdata/influxdb-client';
import { AppError } from '../../errors.ts';
import type { LogFilter, LogMatches, LogMatchesQuery } from '../metrics-store.ts';
import type { InfluxClient } from './client.ts';
import { literally, ofRobotsOrAll, timeOf } from './flux.ts';

/** Entries of one filter that are held to compare them. */
const MAX_ENTRIES = 1_000_000;
const tooMany = () =>
  new AppError('store_unavailable', `More than ${MAX_ENTRIES} log entries match one of the conditions.`);

/**
 * For each filter a query for each of its conditions, which are on different fields of an entry. Bringing the fields together in
 * InfluxDB would take twenty times as long.
 */
export async function queryLogMatches(
  client: InfluxClient,
  query: LogMatchesQuery,
  signal: AbortSignal,
): Promise<LogMatches[]> {
  if (query.robotIds.length === 0) return [];
  const wanted = new Set(query.robotIds);
  const matches: LogMatches[] = [];
  // One after the other: a person may have hundreds of filters.
  for (const [i, filter] of query.filters.entries())
    for (const [robotId, count] of await countOf(client, query, conditionsOf(filter), signal))
      if (wanted.has(robotId)) matches.push({ robotId, filter: i, count });
  return matches;
}

interface Condition {
  field: 'level' | 'program' | 'message';
  /** What the field's value matches, upper and lower case alike, except for a program's name. */
  pattern?: RegExp;
}

/** The dearest last: it is not asked when nothing is left. */
function conditionsOf({ level, program, q }: LogFilter): Condition[] {
  const conditions: Condition[] = [];
  if (program) conditions.push({ field: 'program', pattern: new RegExp(`^${literally(program)}$`) });
  if (level?.length)
    conditions.push({ field: 'level', pattern: new RegExp(`^(?i:${level.map(literally).join('|')})$`) });
  if (q) conditions.push({ field: 'message', pattern: new RegExp(`(?i:${literally(q)})`) });
  return conditions.length > 0 ? conditions : [{ field: 'message' }];
}

/** @returns by robot */
async function countOf(
  client: InfluxClient,
  query: LogMatchesQuery,
  conditions: Condition[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const [only, ...more] = conditions as [Condition, ...Condition[]];
  if (more.length === 0) return countEntries(client, query, only, signal);
  let left: Set<string> | undefined;
  for (const condition of conditions) {
    if (left?.size === 0) break;
    left = await findEntries(client, query, condition, left, signal);
  }
  const counts = new Map<number, number>();
  for (const entry of left ?? []) {
    const robotId = Number(entry.slice(0, entry.indexOf(' ')));
    counts.set(robotId, (counts.get(robotId) ?? 0) + 1);
  }
  return counts;
}

/** Regular expressions are matched by the storage engine, before the robots' tables become one. */
function meeting(
  client: InfluxClient,
  { robotIds, from, to }: LogMatchesQuery,
  { field, pattern }: Condition,
): ParameterizedQuery {
  return flux`from(bucket: ${client.bucket})
      |> range(start: ${timeOf(from)}, stop: ${timeOf(to)})
      |> filter(fn: (r) => r._measurement == "syslog" and r._field == ${field})
      |> filter(fn: (r) => ${ofRobotsOrAll(robotIds)})
      |> filter(fn: (r) => ${pattern ? flux`r._value =~ ${pattern}` : fluxExpression('true')})`;
}

async function countEntries(client: InfluxClient, query: LogMatchesQuery, condition: Condition, signal: AbortSignal) {
  const counting = flux`${meeting(client, query, condition)}
      |> group(columns: ["robot_id"])
      |> count()
      |> keep(columns: ["robot_id", "_value"])`;
  const count = (cell: (column: string) => string) => [Number(cell('robot_id')), Number(cell('_value'))] as const;
  return new Map(await client.query(counting, count, signal));
}

/** @param among these only, if given. @returns robot and time of each entry: no two of a robot have the same time */
async function findEntries(
  client: InfluxClient,
  query: LogMatchesQuery,
  condition: Condition,
  among: Set<string> | undefined,
  signal: AbortSignal,
): Promise<Set<string>> {
  const found = new Set<string>();
  const finding = flux`${meeting(client, query, condition)}
      |> group()
      |> keep(columns: ["robot_id", "_time"])`;
  const add = (cell: (column: string) => string) => {
    const entry = `${cell('robot_id')} ${cell('_time')}`;
    if (!among || among.has(entry)) found.add(entry);
    if (found.size > MAX_ENTRIES) throw tooMany();
  };
  await client.query(finding, add, signal);
  return found;
}
