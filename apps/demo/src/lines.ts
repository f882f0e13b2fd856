import { type LogEntry, logEntries } from './events.ts';
import { chance, counter, wander } from './noise.ts';
import * as signal from './signals.ts';

type Robot = signal.Robot;
type Field = number | { int: number } | string | boolean;

/** Line protocol that Telegraf on this robot would send at `time` (ms since 1970); nothing while it boots. */
export function measure(robot: Robot, time: number): string[] {
  if (signal.isBooting(robot, time)) return [];
  const { character, seed } = robot;
  const nanos = `${time}000000`;
  const point = (measurement: string, fields: Record<string, Field>) => line(measurement, fields, nanos);
  const age = time - signal.bootTime(robot, time);
  const lines = cpuLines(robot, time, nanos);

  const [total, use] = [character.memory, signal.memoryUse(robot, time)];
  const used = Math.floor(total * use);
  lines.push(
    point('mem', { used_percent: use * 100, available: int(total - used), total: int(total), used: int(used) }),
  );

  const { device, fstype, total: size } = character.disk;
  const [taken, free] = [signal.diskUsed(robot, time), size - signal.diskUsed(robot, time)];
  const disk = { used_percent: (taken / size) * 100, free: int(free), total: int(size), used: int(taken) };
  lines.push(point(`disk,device=${device},fstype=${fstype},path=/`, disk));

  for (const [index, [name, [received, sent]]] of Object.entries(character.net).entries()) {
    const bytes_recv = int(counter(seed + 40 + index, age, received));
    lines.push(point(`net,interface=${name}`, { bytes_recv, bytes_sent: int(counter(seed + 60 + index, age, sent)) }));
  }
  lines.push(point(`temp,sensor=${character.sensor}`, { temp: signal.temperature(robot, time) }));
  const [load1, load5, load15] = [1, 5, 15].map((minutes) => signal.loadAverage(robot, time, minutes * 60_000)) as [
    number,
    number,
    number,
  ];
  lines.push(point('system', { load1, load5, load15, uptime: int(Math.floor(age / 1000)) }));
  if (character.mobile) {
    const { voltage, percent, current } = signal.battery(robot, time);
    lines.push(point('battery', { voltage, percent, current }));
  }
  return lines;
}

/** Log entries after `from` up to `to` (ms since 1970), as line protocol. */
export function logLines(robot: Robot, from: number, to: number): string[] {
  return logEntries(robot, from, to).map(({ micros, level, program, message }: LogEntry) =>
    line('syslog', { level, message, program }, `${micros}000`),
  );
}

function cpuLines(robot: Robot, time: number, nanos: string) {
  const all = signal.cpuUse(robot, time);
  const cores = Array.from({ length: robot.character.cores }, (_, core) => {
    const share = 0.7 + 0.6 * wander(robot.seed + 50 + core, time, 30_000);
    return cpu(`cpu${core}`, Math.min(0.995, all * share));
  });
  return [cpu('cpu-total', all), ...cores];

  function cpu(name: string, use: number) {
    const iowait = 0.02 * chance(robot.seed + 58, Math.floor(time / 1000)) * use;
    const [user, system] = [(use - iowait) * 0.78, (use - iowait) * 0.22];
    const percents = { usage_user: user * 100, usage_system: system * 100, usage_iowait: iowait * 100 };
    return line(`cpu,cpu=${name}`, { usage_idle: (1 - use) * 100, ...percents }, nanos);
  }
}

/** An integer field. */
export const int = (value: number) => ({ int: value });

/** A line of line protocol; `series` is escaped already. */
export function line(series: string, fields: Record<string, Field>, nanos: string) {
  const pairs = Object.entries(fields).map(([key, value]) => {
    if (typeof value === 'string') return `${key}="${value.replace(/[\\"]/g, '\\$&')}"`;
    if (typeof value === 'boolean') return `${key}=${value}`;
    return `${key}=${typeof value === 'number' ? Number(value.toFixed(3)) : `${value.int}i`}`;
  });
  return `${series} ${pairs.join(',')} ${nanos}`;
}
