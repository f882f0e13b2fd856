import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

/** The provisioned data source for robots' metrics and logs. */
export const FLUX_SOURCE = { type: 'influxdb', uid: 'robowatch-influxdb' };
/** The provisioned data source for the views of docs/bi.md. */
export const SQL_SOURCE = { type: 'grafana-postgresql-datasource', uid: 'robowatch-postgresql' };

/** Text is Flux. */
export type Query = string | { sql: string };

export const sourceOf = (query: Query) => (typeof query === 'string' ? FLUX_SOURCE : SQL_SOURCE);

/**
 * The SDK has no type for either kind of query. SQL is always asked for as a table: with a column of times and columns
 * of numbers, charts show it, too.
 */
export const target = (query: Query): Builder<Dataquery> => ({
  build: () => {
    const asked =
      typeof query === 'string'
        ? { query }
        : { format: 'table', rawQuery: true, editorMode: 'code', rawSql: query.sql };
    return { refId: 'A', datasource: sourceOf(query), ...asked } as unknown as Dataquery;
  },
});
