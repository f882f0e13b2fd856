import { mistaken } from './refusal.ts';

/** In a JSON text: a string, and whether it is a member's name. Comments of a text that is not JSON do not matter. */
const STRINGS = /"(?:[^"\\]|\\.)*"\s*(:)?/g;

/**
 * Parses JSON whose objects have no member twice: which of them counts differs between parsers, and InfluxDB could read
 * another one than was checked. @throws AppError validation_failed
 */
export function parseStrictly(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw mistaken('The body is not JSON.');
  }
  const written = [...text.matchAll(STRINGS)].filter(([, colon]) => colon).length;
  if (written !== members(value)) throw mistaken('The body has a member twice.');
  return value;
}

/** In the body, nothing is nested deeper than a list in an object in an object. */
function members(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > 10) throw mistaken('The body is nested too deeply.');
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, one) => sum + members(one, depth + 1), own);
}
