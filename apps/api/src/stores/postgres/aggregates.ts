import { type RawBuilder, sql } from 'kysely';

/**
 * PostgreSQL's sum and avg raise an error when a double overflows (avg also computes squares), so one robot's value
 * could fail the whole fleet's query. Clamped to this bound, even a hundred million values can be summed.
 */
const BOUND = 1e300;

/** @param value a float8 column */
export const sum = (value: RawBuilder<unknown>) =>
  // greatest and least ignore nulls: without the filter, a null would count as the bound.
  sql`sum(greatest(least(${value}, ${BOUND}::float8), -${BOUND}::float8)) filter (where ${value} is not null)`;
export const mean = (value: RawBuilder<unknown>) => sql`${sum(value)} / count(${value})`;
