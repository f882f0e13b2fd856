import {
  type Aggregate,
  MAX_TEXT_BYTES,
  MAX_VALUES,
  type Series,
  type SeriesQuery,
  tooManyValues,
  tooMuchText,
} from '../metrics-store.ts';
import { NUMBERS, number } from './aggregates.ts';
import type { ClickHouse } from './client.ts';
import { nsOf, sql } from './query-text.ts';
import { tagsOf } from './series-tags.ts';

type Row = [field: string, tags: string, slot: string, at: string, kind: string, num: number, str: string];

/** Downsamples in the engine; windows without values are absent. */
export async function querySeries(db: ClickHouse, query: SeriesQuery, signal: AbortSignal): Promise<Series[]> {
  const { robotId, measurement, fields, from, to, everySeconds, fn, times } = query;
  const widthMs = Math.round(everySeconds * 1000);
  const origin = Math.floor(from / widthMs) * widthMs;
  const ofStates = fn === 'last' ? sql`1` : NUMBERS;
  const found = new Map<string, Series>();
  let [values, bytes] = [0, 0];
  await db.read<Row>(
    sql`select field, tags, toString(intDiv(time - ${nsOf(origin)}, ${nsOf(widthMs)})) as slot,
        toString(intDiv(max(time), 1000000)), toString(argMax(kind, time)), ${number(fn as Aggregate)}, argMax(str, time)
      from points final
      where robot_id = ${robotId} and measurement = ${measurement} and field in (${fields})
        and time >= ${nsOf(from)} and time < ${nsOf(to)} and ${ofStates}
      group by field, tags, intDiv(time - ${nsOf(origin)}, ${nsOf(widthMs)}) as place
      order by field, tags, place limit ${MAX_VALUES + 1}`,
    ([field, tags, slot, at, kind, num, str]) => {
      if (++values > MAX_VALUES) throw tooManyValues();
      bytes += Buffer.byteLength(str);
      if (bytes > MAX_TEXT_BYTES) throw tooMuchText();
      const key = JSON.stringify([field, tags]);
      const series = found.get(key) ?? { field, tags: tagsOf(tags), points: [] };
      found.set(key, series);
      const value = kind === 'string' ? str : kind === 'boolean' ? num !== 0 : num;
      series.points.push([times === 'sample' ? Number(at) : origin + Number(slot) * widthMs, value]);
    },
    signal,
  );
  return [...found.values()];
}
