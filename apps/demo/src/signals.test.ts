import { describe, expect, test } from 'vitest';
import { boardLines } from './board.ts';
import { CAST } from './cast.ts';
import { logEntries } from './events.ts';
import { logLines, measure } from './lines.ts';
import { counter, lagged, wander } from './noise.ts';
import { battery, bootTime, cpuUse, diskUsed, isAway, isBooting, type Robot, temperature } from './signals.ts';

const START = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;
const robots: Robot[] = CAST.map((character, index) => ({ character, seed: 100 + index, start: START }));
const times = (step: number, span: number) => Array.from({ length: span / step }, (_, i) => START + i * step);

describe.each(robots.map((robot) => [robot.character.hostname, robot] as const))('%s', (_, robot) => {
  test('is deterministic', () => {
    const again = { ...robot, character: { ...robot.character } };
    expect(times(60_000, HOUR).map((time) => measure(again, time))).toEqual(
      times(60_000, HOUR).map((time) => measure(robot, time)),
    );
  });

  test('stays within realistic limits, and changes without jumps', () => {
    const all = times(10_000, 12 * HOUR);
    for (const [index, time] of all.entries()) {
      const [use, degrees] = [cpuUse(robot, time), temperature(robot, time)];
      expect(use).toBeGreaterThan(0);
      expect(use).toBeLessThan(1);
      expect(degrees).toBeGreaterThan(20);
      expect(degrees).toBeLessThan(95);
      expect(Math.abs(degrees - temperature(robot, all[index - 1] ?? time))).toBeLessThan(3);
      expect(diskUsed(robot, time) / robot.character.disk.total).toBeLessThan(0.95);
      expect(battery(robot, time).percent).toBeGreaterThan(17);
    }
  });

  test('has the same logs however the range is split, and no two at the same time', () => {
    const whole = logEntries(robot, START, START + HOUR);
    const pieces = times(7_000, HOUR).flatMap((from) => logEntries(robot, from, Math.min(from + 7_000, START + HOUR)));
    expect(pieces.slice(0, whole.length)).toEqual(whole);
    expect(new Set(whole.map(({ micros }) => micros)).size).toBe(whole.length);
    expect(whole.length).toBeGreaterThan(20);
  });

  test('produces line protocol in Telegraf’s format', () => {
    const time = bootTime(robot, START + 2 * HOUR) + 60_000;
    const lines = [...measure(robot, time), ...logLines(robot, time - HOUR, time)];
    const kinds = new Set(lines.map((line) => line.split(/[, ]/)[0]));
    expect(kinds).toEqual(
      new Set([
        'cpu',
        'mem',
        'disk',
        'net',
        'temp',
        'system',
        'syslog',
        ...(robot.character.mobile ? ['battery'] : []),
      ]),
    );
    for (const line of lines) expect(line).toMatch(/^[a-z]+(,\w+=[\w/.-]+)* \w+=\S.* \d{19}$/);
    expect(lines.find((line) => line.startsWith('system'))).toMatch(/load1=[\d.]+,load5=.*uptime=60i /);
  });
});

test('temperature follows load: warmer after work than at rest', () => {
  const robot = robots[4] as Robot;
  const byUse = times(10_000, 24 * HOUR).map((time) => [
    lagged((at) => cpuUse(robot, at), time, 300_000),
    temperature(robot, time),
  ]) as [number, number][];
  byUse.sort(([a], [b]) => a - b);
  const mean = (part: [number, number][]) => part.reduce((sum, [, degrees]) => sum + degrees, 0) / part.length;
  expect(mean(byUse.slice(-800)) - mean(byUse.slice(0, 800))).toBeGreaterThan(10);
});

test('counters grow until a reboot and then restart', () => {
  for (let age = 0; age < 2 * HOUR; age += 1_000)
    expect(counter(5, age + 1_000, 9_000)).toBeGreaterThan(counter(5, age, 9_000));
  const scout = robots[4] as Robot;
  const received = times(10_000, 2 * HOUR).flatMap((time) => {
    const found = measure(scout, time).find((line) => line.startsWith('net'));
    return found ? [Number(/bytes_recv=(\d+)i/.exec(found)?.[1])] : [];
  });
  expect(received.filter((bytes, i) => bytes < (received[i - 1] ?? 0)).length).toBeGreaterThanOrEqual(1);
});

test('one robot is out of range for five minutes of each half hour, and logs it', () => {
  const rover = robots[2] as Robot;
  const away = times(1_000, HOUR).filter((time) => isAway(rover, time)).length;
  expect(away).toBe(600);
  const messages = logEntries(rover, START, START + HOUR).map(({ message }) => message);
  expect(messages.filter((message) => message.includes('DISCONNECTED'))).toHaveLength(2);
  expect(robots.filter((robot) => robot.character.away > 0)).toEqual([rover]);
});

test('a reboot leaves a gap and a boot message', () => {
  const scout = robots[4] as Robot;
  const boot = bootTime(scout, START + HOUR);
  expect(isBooting(scout, boot + 39_000)).toBe(true);
  expect(measure(scout, boot + 39_000)).toEqual([]);
  expect(logEntries(scout, boot - 10_000, boot + 60_000).map(({ message }) => message)).toEqual(
    expect.arrayContaining([expect.stringContaining('booting'), expect.stringContaining('Startup finished')]),
  );
});

test('boards tell once a minute how they are, and once an hour, after a boot and at first what they are', () => {
  const [courier, , rover, , scout] = robots as [Robot, Robot, Robot, Robot, Robot];
  const told = (robot: Robot, hours: number) =>
    times(10_000, hours * HOUR).flatMap((time) => boardLines(robot, time - 10_000, time, time === START));
  const of = (lines: string[], kind: string) => lines.filter((line) => line.startsWith(kind));
  const day = told(courier, 24);
  for (const line of day) expect(line).toMatch(/^[a-z_]+(,\w+=[\w/.-]+)* \w+=\S.* \d{19}$/);
  expect(of(day, 'inventory').length).toBeGreaterThanOrEqual(24);
  expect(of(day, 'inventory').length).toBeLessThanOrEqual(26);
  expect(of(day, 'inventory')[0]).toContain('inventory model="Orange Pi 5",os="Ubuntu 22.04.5 LTS",');
  expect(of(day, 'wifi').length).toBeGreaterThan(1430);
  expect(of(day, 'wifi').length).toBeLessThan(1445);
  expect(of(day, 'soc')).toEqual([]);
  const boots = Math.floor((24 * HOUR) / scout.character.bootEvery);
  expect(of(told(scout, 24), 'inventory').length).toBeGreaterThanOrEqual(24 + boots - 3);
  const pi = of(told(rover, 72), 'soc');
  const throttled = pi.filter((line) => line.includes(',throttled=true')).length;
  expect(throttled).toBeGreaterThan(0);
  expect(throttled).toBeLessThan(pi.length / 4);
  expect(pi.some((line) => line.includes('under_voltage=true'))).toBe(true);
  expect(new Set(CAST.map(({ board }) => board.model)).size).toBe(CAST.length);
});

test('noise is continuous', () => {
  for (let time = 0; time < 10_000; time += 10) {
    expect(Math.abs(wander(1, time + 10, 1_000) - wander(1, time, 1_000))).toBeLessThan(0.02);
  }
});
