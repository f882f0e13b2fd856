import { type RawBuilder, sql } from 'kysely';

/**
 * PostgreSQL's sum raises an error when a double overflows, so one robot's value could fail the whole fleet's query.
 * Clamped to this bound, even a hundred million values can be summed.
 */
export const BOUND = 1e300;

/** PostgreSQL's division raises an error when it underflows: such a mean is zero. */
export const meanOf = (sum: RawBuilder<unknown>, count: RawBuilder<unknown>) =>
  sql`case when abs(${sum}) < 1e-290 then 0 else ${sum} / ${count} end`;

/** @param value a float8 column without nulls */
export const sumOf = (value: RawBuilder<unknown>) =>
  sql`sum(greatest(least(${value}, ${sql.lit(String(BOUND))}::float8), -${sql.lit(String(BOUND))}::float8))`;
