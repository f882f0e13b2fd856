import { readFileSync } from 'node:fs';
import { InfluxDB } from '@influxdata/influxdb-client';
import { parse } from 'yaml';
import { type DataFrame, readFrames } from './data-frames.ts';
import { interpolateMacros, interpolateVariables, type Variables } from './interpolate.ts';

export interface DataSource {
  uid: string;
  type: string;
  access: string;
  editable: boolean;
  url: string;
  user?: string;
  jsonData: Record<string, string>;
  secureJsonData?: Record<string, string>;
}

const PROVISIONING = new URL('../provisioning/datasources/', import.meta.url);

/**
 * The data sources in a provisioning file, with `$NAME` and `${NAME}` replaced from the environment as Grafana does.
 */
export function provisioned(file: string, env: Record<string, string>): DataSource[] {
  const text = readFileSync(new URL(file, PROVISIONING), 'utf8');
  const expand = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced, plain) => env[braced ?? plain] ?? '');
    if (Array.isArray(value)) return value.map(expand);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, expand(inner)]));
  };
  return (expand(parse(text)) as { datasources: DataSource[] }).datasources;
}

export interface TimeRange {
  from: number;
  to: number;
  intervalMs: number;
}

/** Runs queries as Grafana does. */
export interface DataSourceClient {
  /** @throws when the database refuses the query */
  ask(query: string, variables: Variables, range: TimeRange, options?: { isVariable?: boolean }): Promise<DataFrame[]>;
}

/** Runs a panel's query, or with `isVariable` a variable's, on a Flux data source. @throws when InfluxDB refuses it */
export function fluxDataSource({ url, jsonData, secureJsonData }: DataSource): DataSourceClient {
  const { organization = '', defaultBucket = '' } = jsonData;
  const queries = new InfluxDB({ url, token: secureJsonData?.token }).getQueryApi(organization);
  const ask: DataSourceClient['ask'] = (query, variables, range, { isVariable = false } = {}) => {
    // Grafana interpolates a variable's query twice: once as a variable's, and once like any query.
    const times = isVariable ? 2 : 1;
    let text = query;
    for (let i = 0; i < times; i++) text = interpolateVariables(text, variables);
    return readFrames(queries, interpolateMacros(text, { ...range, bucket: defaultBucket, organization }));
  };
  return { ask };
}
