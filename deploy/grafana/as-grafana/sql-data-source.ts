import pg from 'pg';
import type { DataFrame } from './data-frames.ts';
import type { DataSource, DataSourceClient } from './data-source.ts';
import { interpolateSqlMacros, interpolateVariables } from './interpolate.ts';

const { DATE, TIMESTAMP, TIMESTAMPTZ, BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC } = pg.types.builtins;
const TYPES = new Map<number, DataFrame['fields'][number]['type']>([
  ...[DATE, TIMESTAMP, TIMESTAMPTZ].map((type) => [type, 'time'] as const),
  ...[INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC].map((type) => [type, 'number'] as const),
  [BOOL, 'boolean'],
]);
const typeOf = (dataType: number) => TYPES.get(dataType) ?? 'string';
const READ = {
  time: (text: string) => Date.parse(text),
  number: Number,
  boolean: (text: string) => text === 't',
  string: (text: string) => text,
};

/**
 * Runs queries on a PostgreSQL data source, of which every result is one frame. Times become ms since 1970. Each query
 * has its own connection, like Grafana's for the first time. @throws when PostgreSQL refuses a query
 */
export function sqlDataSource({ url, user, jsonData, secureJsonData }: DataSource): DataSourceClient {
  const [host, port] = url.split(':');
  const settings = { host, port: Number(port), user, database: jsonData.database, password: secureJsonData?.password };
  const ask: DataSourceClient['ask'] = async (query, variables, range) => {
    const text = interpolateSqlMacros(interpolateVariables(query, variables), range);
    const client = new pg.Client({ ...settings, ssl: jsonData.sslmode !== 'disable' });
    await client.connect();
    try {
      const types = { getTypeParser: (type: number) => READ[typeOf(type)] } as pg.CustomTypesConfig;
      const { rows, fields } = await client.query({ text, types, rowMode: 'array' });
      const columns = fields.map(({ name, dataTypeID }, i) => ({
        name,
        type: typeOf(dataTypeID),
        values: rows.map((row) => row[i]),
      }));
      return [{ labels: {}, fields: columns }];
    } finally {
      await client.end();
    }
  };
  return { ask };
}
