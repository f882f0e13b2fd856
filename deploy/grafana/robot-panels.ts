import { BigValueGraphMode, LogsSortOrder, ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  type DataTransformerConfig,
  QueryVariableBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsPanelBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { PanelBuilder as StatPanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as ChartPanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { FLUX_SOURCE, type Query, sourceOf, target } from './query-target.ts';

/** Robots send every 10 s, so most smaller windows would be empty. */
const SHORTEST_WINDOW = '10s';
/** Longer without data is shown as a gap; a robot that sends once a minute still has a line. */
const LONGEST_STEP_MS = 90_000;

/** Placeholders for legends. */
export const FIELD = `\${__field.name}`;
export const label = (name: string) => `\${__field.labels.${name}}`;
export const EVERY_LABEL = label('__values');

/** Shows one figure, or one for each column matching `fields`. */
export function stat(title: string, unit: string, query: Query, fields = ''): StatPanelBuilder {
  return new StatPanelBuilder()
    .title(title)
    .unit(unit)
    .noValue('–')
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields(fields))
    .thresholds(colours())
    .height(4)
    .datasource(sourceOf(query))
    .withTarget(target(query));
}

/** Green, then yellow and red from these values up. */
export function colours(yellow?: number, red?: number): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: 'green' }];
  if (yellow !== undefined) steps.push({ value: yellow, color: 'yellow' });
  if (red !== undefined) steps.push({ value: red, color: 'red' });
  return new ThresholdsConfigBuilder().steps(steps);
}

/** @param legend name of a line, built from its field and labels */
export function chart(title: string, unit: string, legend: string, query: Query): ChartPanelBuilder {
  return new ChartPanelBuilder()
    .title(title)
    .unit(unit)
    .displayName(legend)
    .fillOpacity(10)
    .spanNulls(LONGEST_STEP_MS)
    .interval(SHORTEST_WINDOW)
    .height(8)
    .span(12)
    .datasource(sourceOf(query))
    .withTarget(target(query));
}

/** Puts a panel's columns into the order that it needs, which Flux does not guarantee. */
export const inOrder = <P extends { withTransformation(transformation: DataTransformerConfig): P }>(
  columns: string[],
  panel: P,
) =>
  panel.withTransformation({
    id: 'organize',
    options: { indexByName: Object.fromEntries(columns.map((name, index) => [name, index])) },
  });

/** @param columns in the order Grafana needs. @param limit number of entries in the query */
export const logEntries = (title: string, columns: string[], limit: number, query: Query) =>
  inOrder(columns, new LogsPanelBuilder())
    .title(title)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending)
    // By default Grafana reads as many entries as the panel has pixels in width.
    .maxDataPoints(limit)
    .height(12)
    .span(24)
    .datasource(sourceOf(query))
    .withTarget(target(query));

export const table = (title: string, query: Query) =>
  new TablePanelBuilder().title(title).height(8).span(12).datasource(sourceOf(query)).withTarget(target(query));

/** Grafana reads at most one and a half times this number; its default is 1000. */
const MAX_OPTIONS = 10_000;

/** A variable whose options come from Flux. */
export const variable = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(FLUX_SOURCE)
    .query({ refId: `variable-${name}`, query, maxDataPoints: MAX_OPTIONS })
    .sort(VariableSort.NaturalAsc);
