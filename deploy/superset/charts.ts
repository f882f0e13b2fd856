import { type About, type Chart, chart } from './chart.ts';
import { DATASETS } from './datasets.ts';

const COLOURS = 'supersetColors';
const LEGEND = { show_legend: true, legendType: 'scroll', legendOrientation: 'top' };
const formatOf = (dataset: string, metric: string) => DATASETS[dataset]?.metrics[metric]?.format ?? 'SMART_NUMBER';

/** One figure, in large. */
export function bigNumber(about: About, metric: string, subtitle: string): Chart {
  const sizes = { header_font_size: 0.5, subtitle_font_size: 0.2 };
  const params = { metric, subtitle, y_axis_format: formatOf(about.dataset, metric), ...sizes };
  return chart(about, 'big_number_total', params, { columns: [], metrics: [metric], orderby: [], row_limit: 1 });
}

/** The day, as the axis of a chart. */
const DAY = { timeGrain: 'P1D', columnType: 'BASE_AXIS', sqlExpression: 'day', label: 'day', expressionType: 'SQL' };

export interface ByDay {
  metrics: string[];
  kind: 'bar' | 'line';
  /** A series for each value of this column, the largest ones first, stacked when they are bars. */
  by?: string;
  /** Where the axis ends; by default, where the data does. */
  upTo?: number;
}

/** The others are put together. */
const MOST_SERIES = 9;

/** What Superset's page makes of the rows: a line for each day, a column for each series. */
function pivot(metrics: string[], groupby: string[]) {
  const aggregates = Object.fromEntries(metrics.map((metric) => [metric, { operator: 'mean' }]));
  const [only] = metrics as [string];
  const options = { index: ['day'], columns: groupby, aggregates, drop_missing_columns: false };
  const names = { columns: { [only]: null }, level: 0, inplace: true };
  return [
    { operation: 'pivot', options },
    ...(groupby.length > 0 ? [{ operation: 'rename', options: names }] : []),
    { operation: 'flatten' },
  ];
}

/** Figures by day (UTC). */
export function byDay(about: About, { metrics, kind, by, upTo }: ByDay): Chart {
  const groupby = by ? [by] : [];
  const params = {
    ...{ x_axis: 'day', time_grain_sqla: 'P1D', metrics, groupby, color_scheme: COLOURS, row_limit: 10_000 },
    ...(by ? { limit: MOST_SERIES, group_others_when_limit_reached: true, timeseries_limit_metric: metrics[0] } : {}),
    ...(kind === 'bar' ? { orientation: 'vertical', stack: 'Stack' } : { markerEnabled: false, seriesType: 'line' }),
    ...{ ...LEGEND, rich_tooltip: true, showTooltipTotal: Boolean(by), order_desc: true },
    ...{ x_axis_time_format: '%d %b', tooltipTimeFormat: '%a %d %b %Y', show_empty_columns: true },
    truncateYAxis: true,
    ...{ y_axis_format: formatOf(about.dataset, metrics[0] as string), y_axis_bounds: [0, upTo ?? null] },
  };
  const largest = by && {
    ...{ series_columns: groupby, series_limit: MOST_SERIES, series_limit_metric: metrics[0] },
    group_others_when_limit_reached: true,
  };
  const post_processing = pivot(metrics, groupby);
  const query = { columns: [DAY, ...groupby], metrics, row_limit: 10_000, ...largest, post_processing };
  return chart(about, `echarts_timeseries_${kind}`, params, { ...query, orderby: [[metrics[0] as string, false]] });
}

/** A colour for every hour of every day, the highest of the metric. */
export function hoursOfDays(about: About, metric: string, bounds: [number, number]): Chart {
  const params = {
    ...{ x_axis: 'day', time_grain_sqla: 'P1D', groupby: 'hour_of_day', metric, row_limit: 10_000 },
    ...{ sort_x_axis: 'alpha_asc', sort_y_axis: 'alpha_asc', normalize_across: 'heatmap', value_bounds: bounds },
    ...{ linear_color_scheme: 'schemeYlOrRd', legend_type: 'continuous', show_legend: true, show_percentage: false },
    ...{ show_values: false, xscale_interval: -1, yscale_interval: -1, left_margin: 'auto', bottom_margin: 'auto' },
    ...{ x_axis_time_format: '%d %b', y_axis_format: formatOf(about.dataset, metric) },
  };
  return chart(about, 'heatmap_v2', params, {
    ...{ columns: [DAY, 'hour_of_day'], metrics: [metric], orderby: [], row_limit: 10_000 },
    post_processing: [{ operation: 'rank', options: { metric } }],
  });
}
