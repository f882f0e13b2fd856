import type { FluxTableMetaData, QueryApi } from '@influxdata/influxdb-client';

/** A panel's data: columns in order, times first, and the labels shared by all rows. */
export interface DataFrame {
  labels: Record<string, string>;
  fields: { name: string; type: 'time' | 'string' | 'number' | 'boolean'; values: unknown[] }[];
}

const TYPES = {
  string: 'string',
  boolean: 'boolean',
  double: 'number',
  long: 'number',
  unsignedLong: 'number',
} as const;
const typeOf = (dataType: string) =>
  dataType.startsWith('dateTime') ? 'time' : (TYPES[dataType as keyof typeof TYPES] ?? 'string');

/**
 * Like Grafana's pkg/tsdb/influxdb/flux/builder.go: starts a frame whenever the group key changes; the key's columns
 * are the labels. If a frame has only _time and _value, they become Time and the field's name, and _start and _stop are
 * dropped.
 */
export async function readFrames(queries: QueryApi, flux: string): Promise<DataFrame[]> {
  const frames: DataFrame[] = [];
  let former = '';
  for await (const { values, tableMeta } of queries.iterateRows(flux)) {
    const { columns } = tableMeta;
    const key = columns.map(({ group, index, label }) => (group ? [label, values[index]] : label));
    if (JSON.stringify(key) !== former) frames.push(emptyFrame(tableMeta, values));
    former = JSON.stringify(key);
    const row = tableMeta.toObject(values);
    const { fields } = frames.at(-1) as DataFrame;
    for (const [i, { label }] of dataColumns(tableMeta).entries()) fields[i]?.values.push(row[label]);
  }
  return frames;
}

const dataColumns = (table: FluxTableMetaData) => {
  const columns = table.columns.filter(({ label, group }) => !group && label !== 'result' && label !== 'table');
  const isTime = ({ dataType }: { dataType: string }) => typeOf(dataType) === 'time';
  return [...columns.filter(isTime), ...columns.filter((column) => !isTime(column))].filter(({ label }) => label);
};

function emptyFrame(table: FluxTableMetaData, values: string[]): DataFrame {
  const grouped = table.columns.filter(({ group }) => group).map(({ label, index }) => [label, values[index] ?? '']);
  const { _measurement, ...labels } = Object.fromEntries(grouped.filter(([, value]) => value !== ''));
  const columns = dataColumns(table);
  const isSimple = columns.map(({ label }) => label).join() === '_time,_value';
  const { _field, _start, _stop, ...own } = labels;
  const names: Record<string, string> = isSimple ? { _time: 'Time', _value: _field ?? 'Value' } : {};
  return {
    labels: isSimple ? own : labels,
    fields: columns.map(({ label, dataType }) => ({ name: names[label] ?? label, type: typeOf(dataType), values: [] })),
  };
}

/** Grafana's transformation `organize`, only the ordering of columns. */
export const organize = (frame: DataFrame, indexByName: Record<string, number>): DataFrame => ({
  ...frame,
  fields: frame.fields.toSorted((a, b) => (indexByName[a.name] ?? 0) - (indexByName[b.name] ?? 0)),
});
