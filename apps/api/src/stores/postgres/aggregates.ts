import { type RawBuilder, sql } from 'kysely';

/**
 * PostgreSQL's sum and avg fail where a double overflows (avg with the squares already), and one robot's value would fail the
 * whole fleet's query. Bounded to this, a hundred million values have a sum.
 */
const BOUND = 1e300;

/** @param value a column of float8 */
export const sum = (value: RawBuilder<unknown>) =>
  // greatest and least leave nulls out: without the filter, nothing would count as the bound.
  sql`sum(greatest(least(${value}, ${BOUND}::float8), -${BOUND}::float8)) filter (where ${value} is not null)`;
export const mean = (value: RawBuilder<unknown>) => sql`${sum(value)} / count(${value})`;
