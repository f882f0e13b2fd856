import type { Character } from './cast.ts';
import { chance, lagged, wander } from './noise.ts';

const HALF_HOUR = 30 * 60_000;
const BOOTING = 40_000;
const DISCHARGE = 100 * 60_000;
const CHARGE = 35 * 60_000;

/** A demo robot: its character, and a seed that distinguishes it from others with the same character. */
export interface Robot {
  character: Character;
  seed: number;
  /** When its history begins, ms since 1970. */
  start: number;
}

/** When the robot last booted. */
export function bootTime({ character, seed }: Robot, time: number): number {
  const every = character.bootEvery;
  const offset = Math.floor(chance(seed, 1) * every);
  return Math.floor((time - offset) / every) * every + offset;
}

/** Whether it is still booting and not measuring yet. */
export function isBooting(robot: Robot, time: number): boolean {
  return time - bootTime(robot, time) < BOOTING;
}

/** Whether it is out of radio range; it keeps measuring and delivers later. */
export function isAway({ character, seed }: Robot, time: number): boolean {
  return (time + chance(seed, 2) * HALF_HOUR) % HALF_HOUR < character.away;
}

/** Share of the CPU in use, 0 to 1: long phases of work and rest, and a busy first minute after a boot. */
export function cpuUse(robot: Robot, time: number): number {
  const { character, seed } = robot;
  const [idle, busy] = character.load;
  const shift = wander(seed + 10, time, 11 * 60_000);
  const working = 1 / (1 + Math.exp(-14 * (shift - 0.5)));
  const fidget = (wander(seed + 11, time, 45_000) - 0.5) * 0.3 + (wander(seed + 12, time, 8_000) - 0.5) * 0.12;
  const starting = Math.max(0, 1 - (time - bootTime(robot, time)) / 90_000) * 0.5;
  return clamp(idle + (busy - idle) * working * (0.85 + fidget) + idle * fidget + starting, 0.01, 0.99);
}

/** °C: follows the load with a heat sink's inertia, on top of a varying room temperature. */
export function temperature(robot: Robot, time: number): number {
  const [rest, rise] = robot.character.temperature;
  const room = (wander(robot.seed + 20, time, 3 * 3_600_000) - 0.5) * 5;
  return rest + room + rise * lagged((at) => cpuUse(robot, at), time, 150_000);
}

/** Mean length of the run queue over `window` ms, as the kernel keeps it for 1, 5 and 15 minutes. */
export function loadAverage(robot: Robot, time: number, window: number): number {
  return lagged((at) => cpuUse(robot, at), time, window) * robot.character.cores * 1.15;
}

/** Share of the memory in use: programs grow slowly until the next boot. */
export function memoryUse(robot: Robot, time: number): number {
  const hours = (time - bootTime(robot, time)) / 3_600_000;
  return clamp(
    0.3 + 0.12 * (1 - Math.exp(-hours / 6)) + 0.2 * lagged((at) => cpuUse(robot, at), time, 40_000),
    0,
    0.96,
  );
}

/** Bytes used: recordings accumulate until the oldest are deleted at 94 % of the disk. */
export function diskUsed({ character, start }: Robot, time: number): number {
  const { total, usedAtFirst, growthPerHour } = character.disk;
  const room = (0.94 - usedAtFirst) * total;
  const grown = (Math.max(0, time - start) / 3_600_000) * growthPerHour;
  return Math.floor((usedAtFirst * total + (grown % room)) / 4096) * 4096;
}

/** A four-cell battery that alternates between work and the dock. Volts, percent, amperes (negative: discharging). */
export function battery(robot: Robot, time: number) {
  const phase = (time + chance(robot.seed, 3) * (DISCHARGE + CHARGE)) % (DISCHARGE + CHARGE);
  const charging = phase >= DISCHARGE;
  const percent = charging ? 18 + (80 * (phase - DISCHARGE)) / CHARGE : 98 - (80 * phase) / DISCHARGE;
  const use = cpuUse(robot, time);
  const current = charging ? 4.2 * Math.min(1, (101 - percent) / 15) : -(1.1 + 2.6 * use);
  const atRest = 12.9 + 3.2 * (percent / 100) + 0.5 * (percent / 100) ** 6;
  return { voltage: atRest + current * 0.06, percent, current, charging };
}

function clamp(value: number, least: number, most: number) {
  return Math.min(most, Math.max(least, value));
}
