import { chance } from './noise.ts';
import { battery, bootTime, isAway, isBooting, type Robot, temperature } from './signals.ts';

export interface LogEntry {
  /** Microseconds since 1970, as journald counts them. */
  micros: number;
  level: 'err' | 'warning' | 'notice' | 'info';
  program: string;
  message: string;
}

const SLOT = 5_000;
/** °C at which boards throttle. */
export const HOT = 70;

/** Log entries after `from` up to `to` (ms since 1970); the same however the range is split. */
export function logEntries(robot: Robot, from: number, to: number): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let slot = Math.floor(from / SLOT); slot * SLOT <= to; slot++) {
    inSlot(robot, slot).forEach(([level, program, message], index) => {
      const micros =
        Math.floor((slot * SLOT + chance(robot.seed + 30, slot) * (SLOT - 100) + index * 7) * 1000) + index;
      if (micros > from * 1000 && micros <= to * 1000) entries.push({ micros, level, program, message });
    });
  }
  return entries;
}

type Entry = [LogEntry['level'], string, string];

function inSlot(robot: Robot, slot: number): Entry[] {
  const [before, now] = [(slot - 1) * SLOT, slot * SLOT];
  const { character, seed } = robot;
  if (bootTime(robot, now) > before) {
    return [
      ['notice', 'kernel', `Linux version 6.1.0 (${character.architecture}) booting`],
      ['info', 'systemd', `Hostname set to <${character.hostname}>.`],
    ];
  }
  if (isBooting(robot, now)) return [];
  const entries: Entry[] = [];
  if (isBooting(robot, before))
    entries.push(['info', 'systemd', 'Startup finished in 3.1s (kernel) + 36.7s (userspace).']);
  entries.push(...changes(robot, before, now));
  const luck = chance(seed + 31, slot);
  const pick = Math.floor(chance(seed + 32, slot) * character.work.length);
  if (luck < 0.12) entries.push(['info', character.program, `${character.work[pick]}`]);
  else if (luck > 0.997)
    entries.push(['err', character.program, 'Timed out waiting for the motor controller, retrying']);
  if (now % 600_000 < SLOT) entries.push(['info', 'CRON', '(root) CMD (run-parts /etc/cron.hourly)']);
  return entries;
}

function changes(robot: Robot, before: number, now: number): Entry[] {
  const entries: Entry[] = [];
  const [wasAway, away] = [isAway(robot, before), isAway(robot, now)];
  if (away && !wasAway) entries.push(['warning', 'wpa_supplicant', 'wlan0: CTRL-EVENT-DISCONNECTED reason=4']);
  if (wasAway && !away) entries.push(['notice', 'wpa_supplicant', 'wlan0: CTRL-EVENT-CONNECTED']);
  const [cooler, degrees] = [temperature(robot, before), temperature(robot, now)];
  if (cooler < HOT && degrees >= HOT) {
    entries.push(['warning', 'kernel', `thermal thermal_zone0: ${degrees.toFixed(1)} C, throttling the CPU`]);
  }
  if (cooler >= HOT && degrees < HOT) entries.push(['notice', 'kernel', 'thermal thermal_zone0: throttling ended']);
  if (!robot.character.mobile) return entries;
  const [earlier, later] = [battery(robot, before), battery(robot, now)];
  if (earlier.percent >= 25 && later.percent < 25) entries.push(['warning', 'power', 'Battery low, returning to dock']);
  if (!earlier.charging && later.charging) entries.push(['info', 'power', 'Docked, charging']);
  if (earlier.charging && !later.charging) entries.push(['info', 'power', 'Charged, leaving dock']);
  return entries;
}
