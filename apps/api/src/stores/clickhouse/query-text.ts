/** SQL that needs no quoting any more. */
export class SqlText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | bigint | SqlText | readonly (string | number | bigint | SqlText)[];

/**
 * Builds SQL of which every value is quoted, so that no input becomes query text. ClickHouse's own parameters would do the same, but
 * an `in` of ten thousand robots is too long for an address.
 */
export const sql = (parts: TemplateStringsArray, ...values: Value[]): SqlText =>
  new SqlText(parts.map((part, i) => (i === 0 ? part : `${literal(values[i - 1] as Value)}${part}`)).join(''));

export const joined = (parts: readonly SqlText[], between: string): SqlText =>
  new SqlText(parts.map(({ text }) => text).join(between));

/** A list becomes what goes between parentheses. */
function literal(value: Value): string {
  if (value instanceof SqlText) return value.text;
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return value.map(literal).join(',');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`no number: ${value}`);
  return String(value);
}

const ESCAPED: Record<string, string> = { "'": "\\'", '\\': '\\\\', '\0': '\\0' };
const quoted = (text: string) => `'${text.replace(/['\\\0]/g, (character) => ESCAPED[character] ?? '')}'`;

const MS = 1_000_000n;
/** Nanoseconds. @param ms milliseconds since 1970 */
export const nsOf = (ms: number): bigint => BigInt(Math.round(ms)) * MS;
