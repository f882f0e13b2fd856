/** A label as it is being typed. */
export interface LabelRow {
  key: string;
  value: string;
}
export interface LabelFaults {
  key?: 'missing' | 'tooLong' | 'duplicate' | 'characters';
  value?: 'tooLong';
}

/** The API's limits. */
export const MAX_LABELS = 32;
export const MAX_KEY = 63;
export const MAX_VALUE = 128;
const KEY = /^[\p{L}\p{N}][\p{L}\p{N}_./ -]*$/u;

const clean = (text: string) => text.replace(/\s+/g, ' ').trim();
const lengthOf = (text: string) => [...text].length;
const isEmpty = ({ key, value }: LabelRow) => !clean(key) && !clean(value);

export const rowsOf = (labels: Record<string, string>): LabelRow[] =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));

/** Without the empty rows. */
export const labelsOf = (rows: LabelRow[]): Record<string, string> =>
  Object.fromEntries(rows.filter((row) => !isEmpty(row)).map(({ key, value }) => [clean(key), clean(value)]));

function keyFault(rows: LabelRow[], i: number): LabelFaults['key'] {
  const key = clean(rows[i]?.key ?? '');
  if (!key) return 'missing';
  if (lengthOf(key) > MAX_KEY) return 'tooLong';
  if (!KEY.test(key)) return 'characters';
  return rows.slice(0, i).some((row) => clean(row.key) === key) ? 'duplicate' : undefined;
}

/** What is wrong with each row; nothing with one that is empty. */
export const faultsOf = (rows: LabelRow[]): LabelFaults[] =>
  rows.map((row, i) =>
    isEmpty(row)
      ? {}
      : { key: keyFault(rows, i), value: lengthOf(clean(row.value)) > MAX_VALUE ? 'tooLong' : undefined },
  );

export const isSame = (a: Record<string, string>, b: Record<string, string>): boolean =>
  JSON.stringify(rowsOf(a)) === JSON.stringify(rowsOf(b));
