import type { Measured } from './load.ts';

export interface Row extends Measured {
  load: string;
  target: string;
  round: number;
  lines_per_request: number;
  processes: { name: string; cpu_s_per_million_lines: number; peak_mib: number | null }[];
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

const round = (value: number, digits = 0) =>
  value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });

const rate = (row: Row) => row.requests / row.seconds;

/** Median of the ratios of each round, so that changes in the machine's speed affect both sides equally. */
function ratio(of: Row[], to: Row[], value: (row: Row) => number): number {
  const pairs = of.flatMap((row) => {
    const other = to.find((one) => one.round === row.round);
    return other ? [value(row) / value(other)] : [];
  });
  return median(pairs);
}

/**
 * A Markdown table: medians of the rounds, spread of requests/s, and lines/s as a ratio to direct writes to InfluxDB
 * and as a share of its throughput with the largest bodies (`ceiling`, the name of that load).
 */
export function printTable(rows: Row[], machine: string, ceiling: string): string {
  const head = [
    'load',
    'target',
    'requests/s',
    'min–max',
    'lines/s',
    '× InfluxDB',
    '% of ceiling',
    'p50 ms',
    'p99 ms',
    'failed',
    'CPU s per million lines',
    'peak MiB',
  ];
  const out = [
    `${machine}; medians of ${Math.max(...rows.map((row) => row.round))} rounds`,
    '',
    line(head),
    line(head.map(() => '---')),
  ];
  const most = rows.filter((row) => row.load === ceiling);
  const lineRate = (row: Row) => rate(row) * row.lines_per_request;
  const orDash = (value: number, digits = 0) => (Number.isFinite(value) ? round(value, digits) : '–');
  for (const [load, ofLoad] of Map.groupBy(rows, (row) => row.load)) {
    const direct = ofLoad.filter((row) => row.target === 'influxdb');
    for (const [target, of] of Map.groupBy(ofLoad, (row) => row.target)) {
      const perSecond = of.map(rate);
      const mid = median(perSecond);
      const usage = (of[0] as Row).processes.flatMap(({ name }, i) => {
        const cpu = median(of.map((row) => row.processes[i]?.cpu_s_per_million_lines ?? 0));
        const peak = median(of.map((row) => row.processes[i]?.peak_mib ?? 0));
        const concerned = name === target || name === 'influxd' || (name === 'postgres' && target === 'robowatch');
        return concerned ? [{ name, cpu, peak }] : [];
      });
      out.push(
        line([
          ...[load, target, round(mid), `${round(Math.min(...perSecond))}–${round(Math.max(...perSecond))}`],
          round(mid * (of[0] as Row).lines_per_request),
          ...[orDash(ratio(of, direct, rate), 2), orDash(100 * ratio(of, most, lineRate))],
          ...[round(median(of.map((row) => row.p50_ms)), 1), round(median(of.map((row) => row.p99_ms)), 1)],
          String(of.reduce((sum, row) => sum + row.failed, 0)),
          usage.map(({ name, cpu }) => `${name} ${round(cpu, 1)}`).join(', '),
          usage
            .filter(({ peak }) => peak > 0)
            .map(({ name, peak }) => `${name} ${round(peak)}`)
            .join(', '),
        ]),
      );
    }
  }
  return `${out.join('\n')}\n`;
}

const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
