/** Time as stored with points, nanoseconds since 1970. @param ms milliseconds since 1970 */
export const ns = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);
