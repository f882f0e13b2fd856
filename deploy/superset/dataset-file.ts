import type { Dataset } from './datasets.ts';
import { DATABASE_UUID, uuidOf } from './uuid-of.ts';

const isTime = (type: string) => type === 'DATE' || type.startsWith('TIMESTAMP');
const isNumber = (type: string) => type === 'BIGINT' || type === 'DOUBLE PRECISION';

/** The file of a dataset, as Superset exports it. */
export function datasetFile(name: string, { description, sql, time, columns, metrics }: Dataset) {
  return {
    table_name: name,
    main_dttm_col: time ?? null,
    description,
    // As in datasets that people make, so that one permission is about all.
    catalog: 'robowatch',
    schema: 'public',
    sql: sql ?? null,
    filter_select_enabled: true,
    uuid: uuidOf('dataset', name),
    version: '1.0.0',
    database_uuid: DATABASE_UUID,
    extra: { certification: { certified_by: 'Robowatch' } },
    is_managed_externally: true,
    metrics: Object.entries(metrics).map(([metric_name, { label, expression, format, description }]) => ({
      ...{ metric_name, verbose_name: label, expression, d3format: format, description },
    })),
    columns: Object.entries(columns).map(([column_name, { type, label, description = null }]) => ({
      ...{ column_name, verbose_name: label, description, type, is_dttm: isTime(type), is_active: true },
      ...{ groupby: !isNumber(type), filterable: true, expression: null },
    })),
  };
}
