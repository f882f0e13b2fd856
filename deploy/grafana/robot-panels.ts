import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { BigValueGraphMode, LogsSortOrder, ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import { type Threshold, ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsPanelBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { PanelBuilder as StatPanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as ChartPanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that provisioning makes for what robots send. */
export const DATASOURCE = { type: 'influxdb', uid: 'robowatch-influxdb' };
/** Robots send every 10 s: smaller windows would be empty more often than not. */
const SHORTEST_WINDOW = '10s';
/** A robot that sends once a minute still has a line; longer without data is a gap. */
const LONGEST_STEP_MS = 90_000;

/** In a legend. */
export const FIELD = `\${__field.name}`;
export const label = (name: string) => `\${__field.labels.${name}}`;
export const EVERY_LABEL = label('__values');

/** The SDK has no InfluxDB query of its own. */
const target = (query: string): Builder<Dataquery> => ({
  build: () => ({ refId: 'A', datasource: DATASOURCE, query }) as unknown as Dataquery,
});

/** One figure, or with `fields` a figure for each column of that name. */
export function stat(title: string, unit: string, query: string, fields = ''): StatPanelBuilder {
  return new StatPanelBuilder()
    .title(title)
    .unit(unit)
    .noValue('–')
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields(fields))
    .thresholds(colours())
    .height(4)
    .datasource(DATASOURCE)
    .withTarget(target(query));
}

/** Green, then yellow and red from these values on. */
export function colours(yellow?: number, red?: number): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: 'green' }];
  if (yellow !== undefined) steps.push({ value: yellow, color: 'yellow' });
  if (red !== undefined) steps.push({ value: red, color: 'red' });
  return new ThresholdsConfigBuilder().steps(steps);
}

/** @param legend of a line, in terms of its field and labels */
export function chart(title: string, unit: string, legend: string, query: string): ChartPanelBuilder {
  return new ChartPanelBuilder()
    .title(title)
    .unit(unit)
    .displayName(legend)
    .fillOpacity(10)
    .spanNulls(LONGEST_STEP_MS)
    .interval(SHORTEST_WINDOW)
    .height(8)
    .span(12)
    .datasource(DATASOURCE)
    .withTarget(target(query));
}

/** @param columns in the order that Grafana is to have them in; Flux promises none. @param limit of entries in the query */
export const logEntries = (title: string, columns: string[], limit: number, query: string) =>
  new LogsPanelBuilder()
    .title(title)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending)
    // Unless told, as many as the panel is wide in pixels.
    .maxDataPoints(limit)
    .withTransformation({
      id: 'organize',
      options: { indexByName: Object.fromEntries(columns.map((name, index) => [name, index])) },
    })
    .height(12)
    .span(24)
    .datasource(DATASOURCE)
    .withTarget(target(query));

export const table = (title: string, query: string) =>
  new TablePanelBuilder().title(title).height(8).span(12).datasource(DATASOURCE).withTarget(target(query));
