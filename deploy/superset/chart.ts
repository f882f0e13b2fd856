import { DATASETS } from './datasets.ts';
import { uuidOf } from './uuid-of.ts';

/** What Superset's API is asked for (POST /api/v1/chart/data), for one table of rows. */
export interface Query {
  columns: (string | object)[];
  metrics: (string | object)[];
  filters: { col: string; op: string; val?: unknown }[];
  orderby: [string | object, boolean][];
  row_limit: number;
  /** Series told apart, the largest by this metric; the others are put together. */
  series_limit?: number;
  series_limit_metric?: string;
  series_columns?: string[];
  group_others_when_limit_reached?: boolean;
  /** What its page has Superset make of the rows; users may ask for nothing else. */
  post_processing?: { operation: string; options?: object }[];
  extras: { where?: string };
}

export interface Chart {
  title: string;
  description: string;
  dataset: string;
  viz: string;
  params: object;
  query: Query;
}

export interface About {
  title: string;
  description: string;
  dataset: string;
  /** A condition on rows, in SQL. */
  where?: string;
}

/** Makes a chart; `params` is what Superset's editor shows, `query` what the chart asks for. */
export function chart(
  { title, description, dataset, where }: About,
  viz: string,
  params: object,
  query: Omit<Query, 'filters' | 'extras'>,
): Chart {
  const time = DATASETS[dataset]?.time;
  // A dashboard's period takes the place of this one.
  const period = time && { subject: time, operator: 'TEMPORAL_RANGE', comparator: 'No filter' };
  const adhoc_filters = [
    ...(period ? [{ clause: 'WHERE', expressionType: 'SIMPLE', ...period }] : []),
    ...(where ? [{ clause: 'WHERE', expressionType: 'SQL', sqlExpression: where }] : []),
  ];
  const filters = period ? [{ col: period.subject, op: period.operator, val: period.comparator }] : [];
  return {
    ...{ title, description, dataset, viz },
    params: { viz_type: viz, adhoc_filters, annotation_layers: [], extra_form_data: {}, ...params },
    query: { ...query, filters, extras: where ? { where: `(${where})` } : {} },
  };
}

/** The file of a chart, as Superset exports it. */
export function chartFile({ title, description, dataset, viz, params, query }: Chart, key: string) {
  // Superset puts the dataset's number in its place.
  const context = { datasource: { id: 0, type: 'table' }, force: false, queries: [query], result_format: 'json' };
  return {
    slice_name: title,
    description,
    certified_by: 'Robowatch',
    certification_details: 'Comes with Robowatch; changes are lost when Superset is set up again',
    viz_type: viz,
    params,
    query_context: JSON.stringify({ ...context, result_type: 'full' }),
    cache_timeout: null,
    uuid: uuidOf('chart', key),
    version: '1.0.0',
    dataset_uuid: uuidOf('dataset', dataset),
    is_managed_externally: true,
  };
}
