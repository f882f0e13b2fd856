import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Phase } from './fleet-phases.ts';
import type { Part } from './fleet-servers.ts';

/** Four charts by the size of the fleet, both scales logarithmic. `node bench/growth-chart.ts --to FILE STEPS.json` */
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [440, 300, 74, 34, 52, 32];
const COLOURS = ['#2563eb', '#d97706', '#059669', '#9333ea'];

export interface Step {
  store: string;
  robots: number;
  flush_s: number;
  processes: number;
  phase: Phase;
  lines_per_s: number;
  stored: number;
  refused: number;
  broken: number;
  p50: number;
  p99: number;
  cores: Record<Part | 'load', number>;
  mib: Record<Part, number>;
}

interface Line {
  label: string;
  points: [robots: number, value: number][];
}

interface Panel {
  title: string;
  unit: string;
  lines: Line[];
}

const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

function drawPanel({ title, unit, lines }: Panel): string {
  const all = lines.flatMap(({ points }) => points).filter(([, value]) => value > 0);
  const decades = (of: number[]) =>
    [Math.floor(Math.log10(Math.min(...of))), Math.ceil(Math.log10(Math.max(...of)))] as const;
  const [x0, x1] = decades(all.map(([robots]) => robots));
  const [y0, y1] = decades(all.map(([, value]) => value));
  const x = (robots: number) => (LEFT + ((Math.log10(robots) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) =>
    (HEIGHT - BOTTOM - ((Math.log10(value) - y0) / (y1 - y0)) * (HEIGHT - BOTTOM - TOP)).toFixed(1);
  const powers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  const drawn = lines.map(({ label, points }, i) => {
    const shown = points.filter(([, value]) => value > 0);
    const path = shown.map(([robots, value], at) => `${at ? 'L' : 'M'}${x(robots)} ${y(value)}`).join('');
    const dots = shown.map(
      ([robots, value]) => `<circle cx="${x(robots)}" cy="${y(value)}" r="2.5" fill="${COLOURS[i]}"/>`,
    );
    const left = LEFT + (i % 2) * 180;
    const top = 30 + Math.floor(i / 2) * 14;
    return `<path d="${path}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.6"/>${dots.join('')}
<rect x="${left}" y="${top - 6}" width="14" height="4" fill="${COLOURS[i]}"/><text x="${left + 20}" y="${top}">${label}</text>`;
  });
  return `<text x="${LEFT}" y="16" font-size="13" font-weight="600">${title}</text>
${powers(y0, y1)
  .map(
    (value) =>
      `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#e5e7eb"/><text x="${LEFT - 8}" y="${y(value)}" dy="4" text-anchor="end">${number(value)}${unit && ` ${unit}`}</text>`,
  )
  .join('\n')}
${powers(x0, x1)
  .map((robots) => `<text x="${x(robots)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${number(robots)}</text>`)
  .join('\n')}
${drawn.join('\n')}`;
}

/** Throughput, time to the answer, processors and memory; robots along the bottom. */
export function drawGrowth(steps: Step[]): string {
  const names: Record<string, string> = { none: 'no store', clickhouse: 'ClickHouse' };
  const stores = [...new Set(steps.map(({ store }) => store))];
  const line = (label: string, of: Partial<Step>, value: (step: Step) => number): Line => ({
    label,
    points: steps
      .filter((step) => Object.entries(of).every(([key, wanted]) => step[key as keyof Step] === wanted))
      .map((step) => [step.robots, value(step)]),
  });
  const calm = (value: (step: Step) => number, label = '') =>
    stores.map((store) => line(`${label}${names[store] ?? store}`, { store, phase: 'calm' }, value));
  const panels: Panel[] = [
    { title: 'Lines stored a second', unit: '', lines: calm(({ lines_per_s }) => lines_per_s) },
    {
      title: 'Time to the answer',
      unit: 'ms',
      lines: [...calm(({ p50 }) => p50, 'half within, '), ...calm(({ p99 }) => p99, '99 % within, ')],
    },
    {
      title: 'Cores used',
      unit: '',
      lines: [
        ...calm(({ cores }) => cores.server, 'server, '),
        ...calm(({ cores }) => cores.postgres, 'PostgreSQL, ').slice(0, 1),
        ...calm(({ cores }) => cores.store).slice(1),
      ],
    },
    {
      title: 'Memory',
      unit: 'MiB',
      lines: [
        ...calm(({ mib }) => mib.server, 'server, '),
        ...calm(({ mib }) => mib.postgres, 'PostgreSQL, ').slice(0, 1),
        ...calm(({ mib }) => mib.store).slice(1),
      ],
    },
  ];
  const placed = panels.map((panel, i) => {
    const place = `translate(${(i % 2) * WIDTH} ${Math.floor(i / 2) * HEIGHT})`;
    return `<g transform="${place}">\n${drawPanel(panel)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${2 * HEIGHT}" font-family="sans-serif" font-size="12" fill="#374151">
<title>Growth with the number of robots</title>
<rect width="${2 * WIDTH}" height="${2 * HEIGHT}" fill="#fff"/>
${placed.join('\n')}
</svg>
`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { to: { type: 'string', default: 'growth.svg' } },
    allowPositionals: true,
  });
  const steps = positionals.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as Step[]);
  writeFileSync(values.to, drawGrowth(steps));
}
