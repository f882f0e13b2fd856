import { HOT } from './events.ts';
import { int, line } from './lines.ts';
import { wander } from './noise.ts';
import * as signal from './signals.ts';

type Robot = signal.Robot;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SEEN_STEP = 20 * MINUTE;
const SEEN_MOST = 24 * HOUR;

/**
 * What the agent's board.sh would tell after `from` up to `time` (ms since 1970): once a minute, and once an hour, after
 * a boot and when `isFirst`, what this board is. Line protocol; nothing while it boots.
 */
export function boardLines(robot: Robot, from: number, time: number, isFirst: boolean): string[] {
  if (signal.isBooting(robot, time)) return [];
  const since = from - signal.bootTime(robot, time);
  const passed = (step: number) => Math.floor(time / step) > Math.floor(from / step);
  const isFresh = isFirst || since < 0 || signal.isBooting(robot, from);
  return [
    ...(isFresh || passed(HOUR) ? [inventory(robot, time)] : []),
    ...(isFresh || passed(MINUTE) ? minute(robot, time) : []),
  ];
}

function inventory({ character: { board } }: Robot, time: number) {
  const { model, os, kernel, serial } = board;
  return line('inventory', { model, os, kernel, agent: '1.37.2', serial }, `${time}000000`);
}

function minute(robot: Robot, time: number): string[] {
  const { character, seed } = robot;
  const { board, net, mobile } = character;
  const nanos = `${time}000000`;
  const use = signal.cpuUse(robot, time);
  const throttled = isThrottled(robot, time);
  const mhz = board.maxMhz * (throttled ? 0.6 : Math.min(1, 0.4 + use));
  const lines = [
    line('cpu_frequency,policy=policy0', { current_mhz: int(Math.round(mhz)), max_mhz: int(board.maxMhz) }, nanos),
    line('pressure,resource=cpu', { waiting_percent: Math.max(0, use - 0.5) * 60 }, nanos),
  ];
  for (const [index, name] of Object.keys(net).entries()) {
    if (!name.startsWith('wlan')) continue;
    const signal_dbm = signal.isAway(robot, time)
      ? -91
      : Math.round(-46 - 28 * wander(seed + 70 + index, time, 4 * MINUTE));
    lines.push(
      line(
        `wifi,interface=${name}`,
        { signal_dbm: int(signal_dbm), rate_mbit_s: signal_dbm < -80 ? 6.5 : 86.7 },
        nanos,
      ),
    );
  }
  if (board.isPi) {
    const under_voltage = mobile && wander(seed + 80, time, 6 * MINUTE) > 0.93;
    const seen = { under_voltage_seen: under_voltage, throttled_seen: throttled || wasThrottled(robot, time) };
    lines.push(line('soc', { under_voltage, frequency_capped: throttled, throttled, hot: throttled, ...seen }, nanos));
  }
  if (board.hasGpu)
    lines.push(line('accelerator,name=gpu', { load_percent: 100 * wander(seed + 90, time, 2 * MINUTE) * use }, nanos));
  if (mobile) {
    const { voltage, percent, charging } = signal.battery(robot, time);
    const status = charging ? 'Charging' : 'Discharging';
    lines.push(line('power_supply,name=BAT0', { percent, volt: voltage, status }, nanos));
  }
  return lines;
}

const isThrottled = (robot: Robot, time: number) => signal.temperature(robot, time) >= HOT;

/** Since it was switched on, as far as looking now and then tells. */
function wasThrottled(robot: Robot, time: number): boolean {
  const boot = Math.max(signal.bootTime(robot, time), time - SEEN_MOST);
  for (let at = Math.ceil(boot / SEEN_STEP) * SEEN_STEP; at < time; at += SEEN_STEP)
    if (isThrottled(robot, at)) return true;
  return false;
}
