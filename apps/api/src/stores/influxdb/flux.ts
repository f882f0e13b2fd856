import { flux, fluxExpression } from '@influxdata/influxdb-client';
import type { Selector } from '../../figures/index.ts';
import { IDENTITY_TAGS } from '../../line-protocol/index.ts';

/**
 * Flux is put together by the client library's template, which quotes every value; nothing that anybody sent becomes part of a
 * query as text. Filters are plain comparisons and expressions, which InfluxDB carries out in the storage engine: one that it
 * cannot (`exists`, say) makes it read every point.
 */

/** RFC 3339 is how Flux writes a time; a Date is one of ours, not input. */
export const timeOf = (ms: number) => fluxExpression(new Date(Math.round(ms)).toISOString());
export const anyOf = (column: string, values: (string | number)[]) =>
  fluxExpression(values.map((value) => String(flux`r[${column}] == ${String(value)}`)).join(' or '));

/** The same as `anyOf`, for any number of values: an expression, which the storage engine still carries out itself. */
export const oneOf = (column: string, values: string[]) =>
  flux`r[${column}] =~ ${new RegExp(`^(${values.map(literally).join('|')})$`)}`;
const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** The tags of the point's own, in the order of their names. */
export function ownTags(columns: string[], cell: (column: string) => string): Record<string, string> {
  const own = columns.filter((name) => name !== '' && name !== 'result' && name !== 'table');
  const tags = own.filter((name) => !name.startsWith('_') && !IDENTITY_TAGS.has(name) && cell(name) !== '').sort();
  return Object.fromEntries(tags.map((name) => [name, cell(name)]));
}

export const ofRobots = (robotIds: number[]) => flux`r.robot_id =~ ${new RegExp(`^(${robotIds.join('|')})$`)}`;

/** Series that any of the selectors names. */
export const selected = (selectors: Selector[]) =>
  fluxExpression(
    selectors
      .map(({ measurement, field }) => String(flux`(r._measurement == ${measurement} and r._field == ${field})`))
      .join(' or '),
  );

/** Of measurements that have a total, the total only: an expression that nothing matches as well finds series without the tag. */
export const totalsOnly = (selectors: Selector[]) =>
  fluxExpression(
    selectors
      .flatMap(({ measurement, total }) => (total ? [{ measurement, ...total }] : []))
      .map(({ measurement, tag, value }) =>
        String(flux`(r._measurement != ${measurement} or r[${tag}] =~ ${new RegExp(`^(${literally(value)})?$`)})`),
      )
      .join(' and ') || 'true',
  );
