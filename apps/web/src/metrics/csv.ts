import type { Chart } from './charts';

/** Without it Excel reads the file in an encoding of its own, and names in Russian as nonsense. */
const BOM = '\uFEFF';

/** RFC 4180, a row for each time, a column for each line. Text that a spreadsheet would run as a formula is quoted with '. */
export function toCsv({ lines, unit }: Chart): string {
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
  const head = ['time', ...lines.map(({ label }) => `${label} [${unit}]`)];
  return `${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([BOM, text], { type: 'text/csv;charset=utf-8' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
