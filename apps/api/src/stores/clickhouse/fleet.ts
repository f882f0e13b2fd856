import type { NewestValue, WindowMean } from '../../figures/index.ts';
import type { MeansQuery, NewestQuery } from '../metrics-store.ts';
import { NUMBERS, number } from './aggregates.ts';
import type { ClickHouse } from './client.ts';
import { nsOf, sql } from './query-text.ts';
import { selected, tagsOf } from './series-tags.ts';

/** Robots in one query: each takes some bytes of its text. */
const ROBOTS_AT_ONCE = 10_000;

/** Calls `read` with parts of the robots, one after the other. */
export async function inParts<Result>(
  robotIds: number[],
  read: (some: number[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < robotIds.length; i += ROBOTS_AT_ONCE)
    results.push(...(await read(robotIds.slice(i, i + ROBOTS_AT_ONCE))));
  return results;
}

type Named = [robotId: number, measurement: string, field: string, tags: string];
const named = ([robotId, measurement, field, tags]: Named) => ({ robotId, measurement, field, tags: tagsOf(tags) });

export const queryNewest = (
  db: ClickHouse,
  { robotIds, selectors, since }: NewestQuery,
  signal: AbortSignal,
): Promise<NewestValue[]> =>
  inParts(robotIds, async (some) => {
    const rows = await db.rows<[...Named, value: number, at: string]>(
      sql`select robot_id, measurement, field, tags, argMax(num, time), toString(intDiv(max(time), 1000000))
        from latest where robot_id in (${some}) and (${selected(selectors)}) and time > ${nsOf(since)}
        group by robot_id, measurement, field, tags`,
      signal,
    );
    return rows.map(([id, measurement, field, tags, value, at]) => ({
      ...named([id, measurement, field, tags]),
      ...{ value, time: Number(at) },
    }));
  });

export const queryMeans = (
  db: ClickHouse,
  { robotIds, selectors, from, to, everySeconds }: MeansQuery,
  signal: AbortSignal,
): Promise<WindowMean[]> =>
  inParts(robotIds, async (some) => {
    const rows = await db.rows<[...Named, window: string, value: number]>(
      sql`select robot_id, measurement, field, tags, toString(intDiv(time - ${nsOf(from)}, ${nsOf(everySeconds * 1000)}) as place), ${number('mean')}
        from points final where robot_id in (${some}) and (${selected(selectors)}) and ${NUMBERS}
          and time >= ${nsOf(from)} and time < ${nsOf(to)}
        group by robot_id, measurement, field, tags, place`,
      signal,
    );
    return rows.map(([id, measurement, field, tags, window, value]) => ({
      ...named([id, measurement, field, tags]),
      ...{ window: Number(window), value },
    }));
  });
