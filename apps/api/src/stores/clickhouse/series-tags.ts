import type { Selector } from '../../figures/index.ts';
import { joined, type SqlText, sql } from './query-text.ts';

/**
 * A series' own tags in one column, as JSON: `[["cpu","cpu0"],["host","a"]]`, by name. Quotes within names and values are escaped
 * there, so the text `["cpu",` can only be the beginning of that tag.
 */
export const tagsText = (tags: Record<string, string>): string =>
  JSON.stringify(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));

export const tagsOf = (text: string): Record<string, string> =>
  Object.fromEntries(JSON.parse(text) as [string, string][]);

export const hasTag = (name: string, value: string): SqlText =>
  sql`position(tags, ${JSON.stringify([name, value])}) > 0`;

const lacksTag = (name: string): SqlText => sql`position(tags, ${`[${JSON.stringify(name)},`}) = 0`;

/** Series without the tag that marks the whole are the whole, too. */
export const isTotal = (tag: string, value: string): SqlText => sql`(${hasTag(tag, value)} or ${lacksTag(tag)})`;

/** Matches series named by any of the selectors; for measurements with a total, only that. */
export const selected = (selectors: Selector[]): SqlText =>
  joined(
    selectors.map(({ measurement, field, total }) => {
      const named = sql`measurement = ${measurement} and field = ${field}`;
      return total ? sql`(${named} and ${isTotal(total.tag, total.value)})` : sql`(${named})`;
    }),
    ' or ',
  );
