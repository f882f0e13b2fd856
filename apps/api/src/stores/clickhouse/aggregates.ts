import type { Aggregate } from '../metrics-store.ts';
import { type SqlText, sql } from './query-text.ts';

export const NUMBERS = sql`kind in ('float', 'integer', 'unsigned')`;

/** Sums stay finite, as in the other stores. */
export const SUM = sql`sum(greatest(least(num, 1e300), -1e300))`;

const AGGREGATES: Record<Aggregate, SqlText> = {
  mean: sql`${SUM} / count()`,
  min: sql`min(num)`,
  max: sql`max(num)`,
  sum: SUM,
  count: sql`toFloat64(count())`,
  last: sql`argMax(num, time)`,
};

/** An aggregate of the numbers of a group of points. */
export const number = (fn: Aggregate): SqlText => AGGREGATES[fn];

/** Growth of a counter, whose falling is a reset to zero. */
export const INCREASE = sql`arraySum((before, now) -> if(now >= before, now - before, now),
  arrayPopBack(arraySort((value, at) -> at, groupArray(num), groupArray(time)) as inOrder), arrayPopFront(inOrder))`;
