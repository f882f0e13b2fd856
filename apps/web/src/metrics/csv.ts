import { saveFile } from '../ui/save-file';
import type { Chart } from './charts';

/** Without it, Excel does not recognise UTF-8 and garbles Russian names. */
const BOM = '\uFEFF';

/** Spreadsheets expect `;` as the separator in locales with a decimal comma. */
const decimalOf = (locale: string) =>
  new Intl.NumberFormat(locale).formatToParts(0.5).find(({ type }) => type === 'decimal')?.value === ',' ? ',' : '.';

/**
 * RFC 4180 with the separators of `locale`: a row per time, a column per line. Text that a spreadsheet would run as a
 * formula is prefixed with '.
 */
export function toCsv({ lines, unit }: Chart, locale: string): string {
  const decimal = decimalOf(locale);
  const separator = decimal === ',' ? ';' : ',';
  const cell = (value: string | number) =>
    typeof value === 'number' ? String(withoutDust(value)).replace('.', decimal) : text(value);
  const byTime = new Map<number, (number | null)[]>();
  lines.forEach(({ points }, i) => {
    for (const [time, value] of points) {
      if (value === null) continue;
      const row = byTime.get(time) ?? Array<number | null>(lines.length).fill(null);
      row[i] = value;
      byTime.set(time, row);
    }
  });
  const rows = [...byTime]
    .sort(([a], [b]) => a - b)
    .map(([time, values]) => [new Date(time).toISOString(), ...values.map((v) => v ?? '')]);
  const head = ['time', ...lines.map(({ label }) => (unit === 'none' ? label : `${label} [${unit}]`))];
  return `${[head, ...rows].map((row) => row.map(cell).join(separator)).join('\r\n')}\r\n`;
}

/** Floating-point sums and means have rounding errors in the last digits. */
const withoutDust = (value: number) => (Number.isInteger(value) ? value : Number(value.toPrecision(12)));

/** A file name with the robot, the chart and the start time. */
export function csvName(robot: string, { id, unit }: Chart, from: number): string {
  const what = unit === 'none' ? id.replace(/-none$/, '') : id;
  const minute = new Date(from).toISOString().slice(0, 16).replace(/[-:]/g, '');
  return `${robot.replace(/[^\w.-]+/g, '_')}-${what}-${minute}.csv`;
}

/** Escapes formulas after any separator, because programs split fields differently. */
function text(value: string): string {
  const safe = value.replace(/(^|[,;\t\r\n])(\s*[=+\-@＝＋－＠\t\r])/g, "$1'$2");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, text: string): void {
  saveFile(name, `${BOM}${text}`, 'text/csv;charset=utf-8');
}
