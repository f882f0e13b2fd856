import { readFileSync } from 'node:fs';
import { HttpError } from '@influxdata/influxdb-client';
import { fileOf } from '../write-dashboards.ts';
import { type DataFrame, organize } from './data-frames.ts';
import type { fluxDataSource, TimeRange } from './data-source.ts';
import type { Variables } from './interpolate.ts';
import { type Option, variableOptions } from './variable-options.ts';

export interface Panel {
  title: string;
  type: string;
  interval?: string;
  maxDataPoints?: number;
  targets: { query: string }[];
  transformations?: { id: string; options: { indexByName: Record<string, number> } }[];
}
interface Variable {
  name: string;
  query: { query: string };
  regex?: string;
}

/** A dashboard's file, as Grafana would show it with a Flux data source. */
export function openDashboard(file: string, source: () => ReturnType<typeof fluxDataSource>) {
  const { panels, templating } = JSON.parse(readFileSync(fileOf(file), 'utf8'));
  const shown = (panels as Panel[]).filter(({ targets }) => targets);
  const variables = templating.list as Variable[];

  /** What a panel is given to show. @throws what InfluxDB refuses */
  async function show(title: string, chosen: Variables, range: TimeRange): Promise<DataFrame[]> {
    const panel = shown.find((one) => one.title === title);
    if (!panel) throw new Error(`There is no panel ${title}`);
    const frames = await source().ask(panel.targets[0]?.query as string, chosen, range);
    const order = panel.transformations?.find(({ id }) => id === 'organize')?.options.indexByName;
    return order ? frames.map((frame) => organize(frame, order)) : frames;
  }

  /** What a variable lets choose from. @throws what InfluxDB refuses */
  async function optionsOf(name: string, chosen: Variables, range: TimeRange): Promise<Option[]> {
    const variable = variables.find((one) => one.name === name);
    if (!variable) throw new Error(`There is no variable ${name}`);
    const frames = await source().ask(variable.query.query, chosen, range, { isVariable: true });
    return variableOptions(frames, variable.regex);
  }

  const queries = [...shown.flatMap(({ targets }) => targets), ...variables.map(({ query }) => query)];
  return { panels: shown, queries: queries.map(({ query }) => query), show, optionsOf };
}

export const rows = (frames: DataFrame[]) =>
  frames.reduce((sum, { fields }) => sum + (fields[0]?.values.length ?? 0), 0);

/** Each line of a chart by a label or by its field: its values by time, null where a window is empty. */
export const linesOf = (frames: DataFrame[], label?: string) =>
  Object.fromEntries(
    frames.map(({ labels, fields: [time, value] }) => {
      const points = value?.values.map((one, i): [number, unknown] => [Date.parse(String(time?.values[i])), one]);
      return [label ? labels[label] : value?.name, new Map(points)];
    }),
  );

export const known = (line: Map<number, unknown> | undefined) =>
  [...(line?.values() ?? [])].filter((value) => value !== null);

/** Nothing, where InfluxDB cannot read the query as Flux. */
export const unlessRefused = <T>(answer: Promise<T[]>): Promise<T[]> =>
  answer.catch((error) => {
    if (error instanceof HttpError && error.statusCode === 400) return [];
    throw error;
  });
