import { expect, it } from 'vitest';
import { unitOf } from './measurement-units';

it.each([
  ['mem', 'total', 'bytes'],
  ['disk', 'free', 'bytes'],
  ['processes', 'total', 'none'],
  ['drive', 'speed_m_s', 'none'],
  ['drive', 'turn_rad_s', 'none'],
  ['drive', 'driven_s', 'seconds'],
  ['drive', 'uptime', 'seconds'],
  ['ros_battery', 'lowest_cell_volt', 'volt'],
  ['ros_battery', 'watt', 'watt'],
  ['ros_battery', 'temperature_c', 'celsius'],
  ['motor', 'current_left', 'ampere'],
  ['cpu_frequency', 'current_mhz', 'mhz'],
  ['cpu_frequency', 'max_mhz', 'mhz'],
  ['wifi', 'rate_mbit_s', 'mbit_s'],
  ['wifi', 'signal_dbm', 'dbm'],
  ['link', 'speed_kbit_s', 'none'],
  ['pressure', 'waiting_percent', 'percent'],
  ['memory_kills', 'processes', 'none'],
  ['accelerator', 'load_percent', 'percent'],
  ['flash_wear', 'life_used_percent', 'percent'],
  ['process', 'cpu_percent', 'percent'],
  ['process', 'memory_bytes', 'bytes'],
  ['diskio', 'read_bytes', 'bytes_per_second'],
  ['diskio', 'io_time', 'percent'],
  ['diskio', 'weighted_io_time', 'per_second'],
  ['net', 'bytes_recv', 'bytes_per_second'],
  ['net', 'packets_recv', 'per_second'],
  ['constructor', 'toString', 'none'],
  ['__proto__', 'hasOwnProperty', 'none'],
] as const)('%s %s is measured in %s', (measurement, field, unit) => {
  expect(unitOf(measurement, field)).toBe(unit);
});
