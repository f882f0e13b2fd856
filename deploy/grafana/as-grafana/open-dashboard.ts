import { readFileSync } from 'node:fs';
import { HttpError } from '@influxdata/influxdb-client';
import pg from 'pg';
import { fileOf } from '../write-dashboards.ts';
import { type DataFrame, organize } from './data-frames.ts';
import type { DataSourceClient, TimeRange } from './data-source.ts';
import { ALL, type Variables } from './interpolate.ts';
import { type Option, sqlVariableOptions, variableOptions } from './variable-options.ts';

interface Source {
  uid: string;
  type: string;
}
export interface Panel {
  title: string;
  type: string;
  datasource: Source;
  interval?: string;
  maxDataPoints?: number;
  targets: { query?: string; rawSql?: string }[];
  transformations?: { id: string; options: { indexByName: Record<string, number> } }[];
}
interface Variable {
  name: string;
  datasource?: Source;
  query: string | { query: string };
  regex?: string;
  allValue?: string;
}

const isSql = (source: Source | undefined) => source?.type === 'grafana-postgresql-datasource';
const sqlOf = ({ query }: Variable) => (typeof query === 'string' ? query : query.query);

/** Opens a dashboard file as Grafana would. @param source the data source of a uid */
export function openDashboard(file: string, source: (uid: string) => DataSourceClient) {
  const { panels, templating } = JSON.parse(readFileSync(fileOf(file), 'utf8'));
  const shown = (panels as Panel[]).filter(({ targets }) => targets);
  const variables = (templating.list ?? []) as Variable[];

  /** The selection, with ALL replaced by what it stands for. */
  async function resolved(chosen: Variables, range: TimeRange): Promise<Variables> {
    const entries = Object.entries(chosen).map(async ([name, value]) => {
      if (value !== ALL) return [name, value];
      const { allValue } = variables.find((one) => one.name === name) ?? {};
      return [name, allValue ? { allValue } : (await optionsOf(name, {}, range)).map((option) => option.value)];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** A panel's data. @throws when the database refuses the query */
  async function show(title: string, chosen: Variables, range: TimeRange): Promise<DataFrame[]> {
    const panel = shown.find((one) => one.title === title);
    if (!panel) throw new Error(`There is no panel ${title}`);
    const { query, rawSql } = panel.targets[0] ?? {};
    const client = source(panel.datasource.uid);
    const frames = await client.ask((query ?? rawSql) as string, await resolved(chosen, range), range);
    const order = panel.transformations?.find(({ id }) => id === 'organize')?.options.indexByName;
    return order ? frames.map((frame) => organize(frame, order)) : frames;
  }

  /** A variable's options. @throws when the database refuses the query */
  async function optionsOf(name: string, chosen: Variables, range: TimeRange): Promise<Option[]> {
    const variable = variables.find((one) => one.name === name);
    if (!variable?.datasource) throw new Error(`There is no query of a variable ${name}`);
    const client = source(variable.datasource.uid);
    const frames = await client.ask(sqlOf(variable), await resolved(chosen, range), range, { isVariable: true });
    return isSql(variable.datasource) ? sqlVariableOptions(frames) : variableOptions(frames, variable.regex);
  }

  const queries = [
    ...shown.flatMap(({ targets }) => targets.map(({ query, rawSql }) => (query ?? rawSql) as string)),
    ...variables.filter(({ datasource }) => datasource).map(sqlOf),
  ];
  return { panels: shown, variables, queries, show, optionsOf };
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

/** A table's rows, by column. */
export const tableOf = ([frame]: DataFrame[]) =>
  (frame?.fields[0]?.values ?? []).map((_, i) =>
    Object.fromEntries((frame?.fields ?? []).map(({ name, values }) => [name, values[i]])),
  );

export const known = (line: Map<number, unknown> | undefined) =>
  [...(line?.values() ?? [])].filter((value) => value !== null);

/** PostgreSQL's codes for errors in what a statement says. */
const INVALID_SQL = /^(22|42)/;

/** An empty result if the database rejects the query as invalid. */
export const unlessRefused = <T>(answer: Promise<T[]>): Promise<T[]> =>
  answer.catch((error) => {
    if (error instanceof HttpError && error.statusCode === 400) return [];
    if (error instanceof pg.DatabaseError && INVALID_SQL.test(error.code ?? '')) return [];
    throw error;
  });
