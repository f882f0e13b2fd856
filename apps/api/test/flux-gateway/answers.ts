import { CANARY } from './gateway-lab.ts';

/** Cells of CSV by row. */
export function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') rows.push([]);
  }
  return rows;
}

/** Rows as names with values, in an order that does not depend on InfluxDB's. */
export function rowsOf(text: string): Record<string, string>[] {
  let names: string[] = [];
  return cellsOf(text).flatMap((cells) => {
    if (cells.includes('result') && cells.includes('table') && cells[0] === '') names = cells;
    else if (cells.length > 2 && cells[0] === '')
      return [Object.fromEntries(cells.map((cell, i) => [names[i] ?? `${i}`, cell]))];
    return [];
  });
}

/** What must not be in an answer: a canary's text, a number made with its value, or a row of the other robot. */
export function leakIn(text: string, foreignId: string): string | undefined {
  if (text.includes(CANARY)) return `the text ${CANARY}`;
  if (/(?<![\d.])(98765\d\.|[1-9]\d{5,6}\.\d)/.test(text)) return 'a number made of the canary’s';
  for (const row of rowsOf(text)) if (row.robot_id === foreignId) return `a row of robot ${foreignId}`;
  return undefined;
}

/** An answer without what differs from one moment to the next. */
export function comparable(text: string): string {
  const timeless = text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T').replace(/"request_id":"[^"]*"/, '');
  const rows = rowsOf(timeless).map((row) =>
    Object.entries(row)
      .filter(([name]) => name !== 'table')
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join(),
  );
  return rows.length > 0 ? rows.sort().join('\n') : timeless;
}

/**
 * Whether an answer ended with an error after rows had been sent. How many rows that were, or whether the error came
 * first, differs each time.
 */
export const isCutShort = ({ status, text }: { status: number; text: string }) =>
  status === 200 && /(^|\r\n),error,reference\r\n/.test(text);
