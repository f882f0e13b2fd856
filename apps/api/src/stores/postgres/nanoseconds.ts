import { type RawBuilder, sql } from 'kysely';

export const HOUR_NS = 3_600_000_000_000n;

/** Time as stored with points, nanoseconds since 1970. @param ms milliseconds since 1970 */
export const nsOf = (ms: number) => BigInt(Math.round(ms)) * 1_000_000n;
/** The same as a parameter of a query. */
export const ns = (ms: number) => String(nsOf(ms));

/** A parameter of a query. */
export const int8 = (number: bigint) => sql`${String(number)}::bigint`;

/** Rounds down before 1970, too. */
export const floorDivide = (a: bigint, b: bigint) => (a - (((a % b) + b) % b)) / b;

/** Hours since 1970. @param time a bigint column */
export const hourOf = (time: RawBuilder<unknown>) => {
  const hour = sql.lit(String(HOUR_NS));
  return sql`((${time} - ((${time} % ${hour}::bigint) + ${hour}::bigint) % ${hour}::bigint) / ${hour}::bigint)::integer`;
};
