import { type About, type Chart, chart } from './chart.ts';

export interface Limits {
  warning: number;
  critical: number;
}

interface Look {
  /** d3's format; for metrics, that of the metric by default. */
  format?: string;
  /** From which value on, or down to which, a cell is coloured. */
  atLeast?: Limits;
  atMost?: Limits;
  /** A bar behind the number. */
  bar?: true;
}
export type Looks = Record<string, Look>;

const ROWS = 1_000;
const common = (looks: Looks, few?: true) => ({
  ...{ row_limit: ROWS, page_length: few ? 0 : 20, include_search: !few, show_cell_bars: false },
  ...{ allow_render_html: true, table_timestamp_format: '%Y-%m-%d %H:%M', order_desc: true, color_pn: false },
  conditional_formatting: Object.entries(looks).flatMap(([column, { atLeast, atMost }]) => [
    ...coloured(column, '≥', atLeast),
    ...coloured(column, '≤', atMost),
  ]),
  column_config: Object.fromEntries(
    Object.entries(looks).flatMap(([column, { format, bar }]) =>
      format || bar
        ? [[column, { ...(format ? { d3NumberFormat: format } : {}), ...(bar ? { showCellBars: true } : {}) }]]
        : [],
    ),
  ),
});

/** Of several that fit, Superset uses the last. */
const coloured = (column: string, operator: string, limits?: Limits) =>
  limits
    ? [
        { column, operator, targetValue: limits.warning, colorScheme: 'colorWarning', useGradient: false },
        { column, operator, targetValue: limits.critical, colorScheme: 'colorError', useGradient: false },
      ]
    : [];

interface Grouped {
  by: string[];
  metrics: string[];
  sort: [metric: string, direction: 'largest' | 'smallest'];
  looks?: Looks;
  /** Neither search nor pages. */
  few?: true;
}

/** A row for each of what is told apart. */
export function grouped(about: About, { by, metrics, sort: [metric, direction], looks = {}, few }: Grouped): Chart {
  const params = {
    ...common(looks, few),
    ...{ query_mode: 'aggregate', groupby: by, metrics, timeseries_limit_metric: metric, percent_metrics: [] },
    ...{ order_desc: direction === 'largest', all_columns: [], order_by_cols: [], temporal_columns_lookup: {} },
  };
  const orderby: [string, boolean][] = [[metric, direction === 'smallest']];
  // The metric to sort by is named twice, as its page does.
  return chart(about, 'table', params, { columns: by, metrics, orderby, row_limit: ROWS, series_limit_metric: metric });
}

interface Listed {
  columns: string[];
  sort: [column: string, direction: 'largest' | 'smallest'];
  rows?: number;
  looks?: Looks;
  /** Neither search nor pages. */
  few?: true;
}

/** The dataset's rows. Those of unknown order come first with `largest`, last with `smallest`: keep them out by `where`. */
export function listed(about: About, { columns, sort, rows = ROWS, looks = {}, few }: Listed): Chart {
  const order: [string, boolean] = [sort[0], sort[1] === 'smallest'];
  const params = {
    ...common(looks, few),
    ...{ query_mode: 'raw', all_columns: columns, order_by_cols: [JSON.stringify(order)], row_limit: rows },
    ...{ groupby: [], metrics: [], percent_metrics: [], temporal_columns_lookup: {} },
  };
  return chart(about, 'table', params, { columns, metrics: [], orderby: [order], row_limit: rows });
}
