import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** One flush of a robot with four cores: 15 lines. */
const FLUSH: [series: string, fields: () => string][] = [
  ...['cpu-total', 'cpu0', 'cpu1', 'cpu2', 'cpu3'].map((cpu): [string, () => string] => [
    `cpu,cpu=${cpu}`,
    () => `usage_idle=${percent()},usage_user=${percent()},usage_system=${percent()}`,
  ]),
  ['mem', () => `used_percent=${percent()},available=${bytes()}i,total=8197537792i`],
  ...['mmcblk0p2,fstype=ext4,path=/', 'mmcblk0p1,fstype=vfat,path=/boot'].map((disk): [string, () => string] => [
    `disk,device=${disk}`,
    () => `used_percent=${percent()},free=${bytes()}i,total=62725623808i`,
  ]),
  ...['eth0', 'wlan0'].map((name): [string, () => string] => [
    `net,interface=${name}`,
    () => `bytes_recv=${bytes()}i,bytes_sent=${bytes()}i`,
  ]),
  ...['soc_thermal', 'gpu_thermal'].map((sensor): [string, () => string] => [
    `temp,sensor=${sensor}`,
    () => `temp=${percent()}`,
  ]),
  ['system', () => `load1=${percent()},load5=${percent()},load15=${percent()}`],
  ['system', () => `uptime=${bytes()}i`],
  ['battery', () => `voltage=${percent()},percent=${percent()},current=-${percent()}`],
];

const percent = () => (Math.random() * 100).toFixed(3);
const bytes = () => String(Math.floor(Math.random() * 2 ** 36));

/**
 * Lines of one body, without timestamps, tags sorted. @param identity identity tags, for peers that do not stamp them
 */
function body(lines: number, identity: string[]): string[] {
  return Array.from({ length: lines }, (_, i) => {
    const [series, fields] = FLUSH[i % FLUSH.length] as (typeof FLUSH)[number];
    const [measurement, ...tags] = series.split(',');
    // Beyond one flush, lines belong to further series, as for a robot with more disks and interfaces.
    const more = i >= FLUSH.length ? [`part=${Math.floor(i / FLUSH.length)}`] : [];
    return `${[measurement, ...[...tags, ...more, ...identity].sort()].join(',')} ${fields()}`;
  });
}

/** Nine measurements of ten fields, like those of TSBS's hosts. */
const WIDE = ['cpu', 'diskio', 'disk', 'kernel', 'mem', 'net', 'nginx', 'postgresl', 'redis'].map(
  (name) => (): string =>
    `${name},region=eu-west-1,rack=67 ${Array.from({ length: 10 }, (_, i) => `wide_${i}=${i % 2 ? `${bytes()}i` : percent()}`).join()}`,
);

/** A robot's flush of 15 lines, without timestamps. @param tags additional tags for each line */
export const flushOf = (tags: string[] = []) => body(FLUSH.length, tags);

const identityOf = (robot: number) => ['arch=arm64', 'hostname=orangepi', `robot=bench-${robot}`, `robot_id=${robot}`];

/**
 * Writes `count` bodies as files 1, 2, … to `folder`. The load generator adds timestamps to plain bodies; gzipped ones
 * contain them. @param stamped whether bodies include identity tags, of a different robot each
 */
export async function writeBodies(
  folder: string,
  options: { count: number; lines: number; gzip: boolean; stamped: boolean; wide?: boolean },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const start = Date.now() - 600_000;
  for (let i = 1; i <= options.count; i++) {
    const lines = options.wide ? WIDE.map((line) => line()) : body(options.lines, options.stamped ? identityOf(i) : []);
    const text = lines.map((line) => (options.gzip ? `${line} ${start + i * 10}000000\n` : `${line}\n`)).join('');
    await writeFile(join(folder, String(i)), options.gzip ? gzipSync(text) : text);
  }
}
