/** As points have it. @param ms milliseconds since 1970 */
export const ns = (ms: number) => String(BigInt(Math.round(ms)) * 1_000_000n);
