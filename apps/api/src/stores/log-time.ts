/** RFC 3339 with microseconds, which a Date cannot hold. @param time nanoseconds since 1970 */
export function rfc3339(time: bigint): string {
  const micros = time / 1000n - (time % 1000n < 0n ? 1n : 0n);
  const millis = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  const fraction = String(micros - millis * 1000n).padStart(3, '0');
  return new Date(Number(millis)).toISOString().replace('Z', fraction === '000' ? 'Z' : `${fraction}Z`);
}
