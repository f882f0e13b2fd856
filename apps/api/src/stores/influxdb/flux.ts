import { flux, fluxExpression } from '@influxdata/influxdb-client';
import type { Selector } from '../../figures/index.ts';
import { IDENTITY_TAGS, RESERVED_TAGS } from '../../line-protocol/index.ts';

/**
 * Flux is built with the client library's template, which quotes every value, so no input becomes query text. Filters
 * use only comparisons and regular expressions, which InfluxDB pushes down to the storage engine; anything else (such
 * as `exists`) would make it read every point.
 */

/** A Flux time literal (RFC 3339). Unquoted, but safe: it comes from a Date. */
export const timeOf = (ms: number) => fluxExpression(new Date(Math.round(ms)).toISOString());
export const anyOf = (column: string, values: (string | number)[]) =>
  fluxExpression(values.map((value) => String(flux`r[${column}] == ${String(value)}`)).join(' or '));

/** Like `anyOf`, for any number of values: a regular expression, which the storage engine also evaluates. */
export const oneOf = (column: string, values: string[]) =>
  flux`r[${column}] =~ ${new RegExp(`^(${values.map(literally).join('|')})$`)}`;
export const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** InfluxDB's own columns; tags of these names are refused. */
const COLUMNS = new Set(['', 'result', 'table', ...RESERVED_TAGS]);

/** The point's own tags, sorted by name. */
export function ownTags(columns: string[], cell: (column: string) => string): Record<string, string> {
  const tags = columns.filter((name) => !COLUMNS.has(name) && !IDENTITY_TAGS.has(name) && cell(name) !== '').sort();
  return Object.fromEntries(tags.map((name) => [name, cell(name)]));
}

export const ofRobots = (robotIds: number[]) => flux`r.robot_id =~ ${new RegExp(`^(${robotIds.join('|')})$`)}`;

/** For so many, reading everybody's and leaving out the others is cheaper than a list of names. */
const MANY_ROBOTS = 500;

/** Of more than a few hundred robots, matches everybody's: the caller leaves out the others. */
export const ofRobotsOrAll = (robotIds: number[]) =>
  robotIds.length > MANY_ROBOTS ? fluxExpression('true') : ofRobots(robotIds);

/** Matches series named by any of the selectors. */
export const selected = (selectors: Selector[]) =>
  fluxExpression(
    selectors
      .map(({ measurement, field }) => String(flux`(r._measurement == ${measurement} and r._field == ${field})`))
      .join(' or '),
  );

/**
 * For measurements with a total, matches only that. The pattern also matches the empty string, for series without the
 * tag.
 */
export const totalsOnly = (selectors: Selector[]) =>
  fluxExpression(
    selectors
      .flatMap(({ measurement, total }) => (total ? [{ measurement, ...total }] : []))
      .map(({ measurement, tag, value }) =>
        String(flux`(r._measurement != ${measurement} or r[${tag}] =~ ${new RegExp(`^(${literally(value)})?$`)})`),
      )
      .join(' and ') || 'true',
  );
