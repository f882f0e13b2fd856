/** Rows for Flux, as annotated CSV (InfluxDB's format), which it reads faster than an array of records. */
export interface Rows {
  columns: { name: string; type: 'string' | 'long' | 'double' | 'boolean' | 'dateTime:RFC3339' }[];
  /** null where nothing is known. */
  rows: (string | number | boolean | Date | null)[][];
}

export function csvOf({ columns, rows }: Rows): string {
  const line = (first: string, cells: string[]) => `${[first, ...cells].join(',')}\n`;
  return [
    line('#datatype', ['string', 'long', ...columns.map(({ type }) => type)]),
    line('#group', ['false', 'false', ...columns.map(() => 'false')]),
    // The table's number as a default makes a table of no rows valid.
    line('#default', ['_result', '0', ...columns.map(() => '')]),
    line('', ['result', 'table', ...columns.map(({ name }) => name)]),
    ...rows.map((row) => line('', ['', '', ...row.map(cell)])),
  ].join('');
}

function cell(value: Rows['rows'][number][number]): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string') return String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
