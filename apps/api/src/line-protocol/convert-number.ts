import type { FieldType } from '../figures/index.ts';

const NUMERIC: FieldType[] = ['float', 'integer', 'unsigned'];
const MAX_INT64 = 2n ** 63n;

/**
 * The same number written as another type, or undefined if its value would change. `text` is a validated field value.
 */
export function convertNumber(text: string, from: FieldType, to: FieldType): string | undefined {
  if (!NUMERIC.includes(from) || !NUMERIC.includes(to)) return undefined;
  if (to === 'float') return text.slice(0, -1);
  const whole = from === 'float' ? /^(-?\d+)(\.0*)?$/.exec(text)?.[1] : text.slice(0, -1);
  if (whole === undefined || whole.length > 20) return undefined;
  const value = BigInt(whole);
  return value < MAX_INT64 && value >= -MAX_INT64 ? `${whole}i` : undefined;
}
