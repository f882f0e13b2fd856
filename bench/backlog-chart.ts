import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Draws what `bench/agent-days.ts --samples` wrote: bytes on the disk by hour. `node bench/backlog-chart.ts --to FILE LABEL=SAMPLES…` */
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [760, 300, 64, 40, 34];
const COLOURS = ['#2563eb', '#d97706', '#059669'];

const { values, positionals } = parseArgs({
  options: { to: { type: 'string', default: 'backlog.svg' } },
  allowPositionals: true,
});
const lines = positionals.map((argument) => {
  const at = argument.lastIndexOf('=');
  const points: { hour: number; bytes: number }[] = JSON.parse(readFileSync(argument.slice(at + 1), 'utf8'));
  return { label: argument.slice(0, at), points };
});
const all = lines.flatMap(({ points }) => points);
const hours = Math.max(...all.map(({ hour }) => hour));
const megabytes = Math.ceil(Math.max(...all.map(({ bytes }) => bytes)) / 1e6);
const x = (hour: number) => (LEFT + (hour / hours) * (WIDTH - LEFT - 16)).toFixed(1);
const y = (mb: number) => (HEIGHT - BOTTOM - (mb / megabytes) * (HEIGHT - BOTTOM - TOP)).toFixed(1);
const isShort = hours < 48;
const every = isShort ? 4 : 24;
const marks = Array.from({ length: Math.floor(hours / every) + 1 }, (_, i) => i * every);
const step = megabytes <= 2 ? 0.5 : Math.ceil(megabytes / 6);
const scale = Array.from({ length: Math.floor(megabytes / step) + 1 }, (_, i) => i * step);

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#374151">
<title>Bytes of the backlog on the disk</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${scale.map((mb) => `<path d="M${LEFT} ${y(mb)}H${WIDTH - 16}" stroke="#e5e7eb"/><text x="${LEFT - 8}" y="${y(mb)}" dy="4" text-anchor="end">${mb} MB</text>`).join('\n')}
${marks
  .map(
    (hour) =>
      `<text x="${x(hour)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${isShort ? hour : hour / 24}</text>`,
  )
  .join('\n')}
<text x="${WIDTH - 16}" y="${HEIGHT - 6}" text-anchor="end">${isShort ? 'hours' : 'days'} offline</text>
${lines
  .map(({ label, points }, i) => {
    const path = points.map(({ hour, bytes }, at) => `${at ? 'L' : 'M'}${x(hour)} ${y(bytes / 1e6)}`).join('');
    const legend = `<rect x="${LEFT + i * 300}" y="10" width="14" height="4" fill="${COLOURS[i]}"/><text x="${LEFT + 20 + i * 300}" y="17">${label}</text>`;
    return `<path d="${path}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.6"/>${legend}`;
  })
  .join('\n')}
</svg>
`;
writeFileSync(values.to, svg);
