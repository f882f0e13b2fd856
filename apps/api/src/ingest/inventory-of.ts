import { decodeFields, type Refusals, type StampedLines } from '../line-protocol/index.ts';
import { INVENTORY_FIELDS, type Inventory } from '../robots/index.ts';

/** Of a report's newest ones: an agent sends one an hour. */
const LINES = 100;
const MAX_CHARACTERS = 256;
/** What is looked at of a longer text. */
const MAX_READ = 4_096;
/** Control characters, and those that are not seen but turn text around or hide in it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const WANTED: ReadonlySet<string> = new Set(INVENTORY_FIELDS);

/**
 * The newest inventory among a report's stored lines. Costs a comparison for each line of other measurements.
 * @param now milliseconds since 1970; `at` is never later, so that a clock that was ahead does not keep out what follows
 */
export function inventoryOf(
  lines: StampedLines,
  refused: Refusals,
  now: number,
): (Inventory & { at: number }) | undefined {
  let [found, at, left]: [Buffer | undefined, number, number] = [undefined, Number.NEGATIVE_INFINITY, LINES];
  let head = 0;
  for (let i = lines.count - 1; i >= 0 && left > 0; i--) {
    const series = lines.series[i];
    if (series?.measurement !== 'inventory' || refused.has(i)) continue;
    left--;
    // Doubles are off by a fraction of a microsecond, which must not make a millisecond of it.
    const ms = Math.floor(lines.msAt(i) + 0.001);
    if (ms > at) [found, at, head] = [lines.line(i), ms, series.head.length];
  }
  if (!found) return undefined;
  const inventory: Inventory = { model: null, os: null, kernel: null, agent: null, serial: null };
  decodeFields(
    found,
    head,
    (name, { value }) => {
      if (typeof value === 'string') inventory[name as keyof Inventory] = clean(value);
    },
    (name) => WANTED.has(name),
  );
  const isEmpty = Object.values(inventory).every((value) => value === null);
  return isEmpty ? undefined : { ...inventory, at: Math.min(at, now) };
}

function clean(value: string): string | null {
  const seen = value.slice(0, MAX_READ).replace(UNSEEN, '').trim();
  return [...seen].slice(0, MAX_CHARACTERS).join('') || null;
}
