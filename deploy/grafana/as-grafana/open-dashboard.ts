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

/** Opens a dashboard file as Grafana would, with a Flux data source. */
export function openDashboard(file: string, source: () => ReturnType<typeof fluxDataSource>) {
  const { panels, templating } = JSON.parse(readFileSync(fileOf(file), 'utf8'));
  const shown = (panels as Panel[]).filter(({ targets }) => targets);
  const variables = templating.list as Variable[];

  /** A panel's data. @throws when InfluxDB refuses the query */
  async function show(title: string, chosen: Variables, range: TimeRange): Promise<DataFrame[]> {
    const panel = shown.find((one) => one.title === title);
    if (!panel) throw new Error(`There is no panel ${title}`);
    const frames = await source().ask(panel.targets[0]?.query as string, chosen, range);
    const order = panel.transformations?.find(({ id }) => id === 'organize')?.options.indexByName;
    return order ? frames.map((frame) => organize(frame, order)) : frames;
  }

  /** A variable's options. @throws when InfluxDB refuses the query */
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

/** A chart's lines, by a label or by field name: values by time, null for empty windows. */
export const linesOf = (frames: DataFrame[], label?: string) =>
  Object.fromEntries(
    frames.map(({ labels, fields: [time, value] }) => {
      const points = value?.values.map((one, i): [number, unknown] => [Date.parse(String(time?.values[i])), one]);
      return [label ? labels[label] : value?.name, new Map(points)];
    }),
  );

export const known = (line: Map<number, unknown> | undefined) =>
  [...(line?.values() ?? [])].filter((value) => value !== null);

/** An empty result if InfluxDB rejects the query as invalid. */
export const unlessRefused = <T>(answer: Promise<T[]>): Promise<T[]> =>
  answer.catch((error) => {
    if (error instanceof HttpError && error.statusCode === 400) return [];
    throw error;
  });
