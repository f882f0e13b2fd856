import type { Architecture } from '../../../agent/pair-client.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GIB = 2 ** 30;

/** What the agent tells of a board once an hour. */
export interface Board {
  model: string;
  os: string;
  kernel: string;
  serial: string;
  maxMhz: number;
  /** Tells of throttling, as a Raspberry Pi does. */
  isPi?: true;
  hasGpu?: true;
}

/** A demo robot's character, which together with its seed and the time determines everything it reports. */
export interface Character {
  hostname: string;
  architecture: Architecture;
  cores: number;
  /** Share of CPU used when idle and when working hardest. */
  load: [idle: number, busy: number];
  /** °C at rest, and the rise at full load. */
  temperature: [rest: number, rise: number];
  sensor: string;
  board: Board;
  memory: number;
  disk: { device: string; fstype: string; total: number; usedAtFirst: number; growthPerHour: number };
  /** Bytes per second received and sent, by interface. */
  net: Record<string, [received: number, sent: number]>;
  program: string;
  work: string[];
  mobile: boolean;
  bootEvery: number;
  /** Milliseconds out of radio range at the start of each half hour; 0: never. */
  away: number;
}

const SD_CARD = { device: 'mmcblk0p2', fstype: 'ext4' };
const NVME = { device: 'nvme0n1p2', fstype: 'ext4' };

/** A demo with n robots uses the first n. */
export const CAST: Character[] = [
  {
    ...{ hostname: 'courier-01', architecture: 'arm64', cores: 4, load: [0.12, 0.72], temperature: [41, 34] },
    ...{ sensor: 'soc_thermal', memory: 8 * GIB, net: { wlan0: [42_000, 96_000] }, mobile: true },
    board: {
      model: 'Orange Pi 5',
      os: 'Ubuntu 22.04.5 LTS',
      kernel: '5.10.160-rockchip-rk3588',
      serial: 'S6PXNM0T4711',
      maxMhz: 2400,
    },
    disk: { ...NVME, total: 119 * GIB, usedAtFirst: 0.38, growthPerHour: 0.35 * GIB },
    ...{ program: 'nav2', work: ['Reached waypoint', 'Goal accepted: corridor', 'Replanning around an obstacle'] },
    ...{ bootEvery: 31 * HOUR, away: 0 },
  },
  {
    ...{ hostname: 'arm-bench', architecture: 'amd64', cores: 4, load: [0.06, 0.55], temperature: [38, 30] },
    ...{ sensor: 'coretemp_package_id_0', memory: 16 * GIB, net: { eth0: [310_000, 180_000] }, mobile: false },
    board: {
      model: 'NUC11PAHi5',
      os: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-28-amd64',
      serial: 'WD-WXB2A21K7H3P',
      maxMhz: 4200,
    },
    disk: { device: 'sda2', fstype: 'ext4', total: 233 * GIB, usedAtFirst: 0.61, growthPerHour: 0.5 * GIB },
    ...{ program: 'moveit', work: ['Trajectory executed', 'Gripper closed on part', 'Calibration within 0.2 mm'] },
    ...{ bootEvery: 90 * HOUR, away: 0 },
  },
  {
    ...{ hostname: 'rover-north', architecture: 'arm64', cores: 4, load: [0.15, 0.85], temperature: [36, 42] },
    ...{
      sensor: 'cpu_thermal',
      memory: 4 * GIB,
      net: { wlan0: [18_000, 52_000], wwan0: [2_000, 9_000] },
      mobile: true,
    },
    board: {
      model: 'Raspberry Pi 5 Model B Rev 1.0',
      os: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.6.51+rpt-rpi-2712',
      serial: '0x4a1b22c9',
      maxMhz: 2400,
      isPi: true,
    },
    disk: { ...SD_CARD, total: 58 * GIB, usedAtFirst: 0.55, growthPerHour: 0.6 * GIB },
    ...{ program: 'rover', work: ['Row finished', 'Slip detected on left track', 'GNSS fix: RTK float'] },
    ...{ bootEvery: 47 * HOUR, away: 5 * MINUTE },
  },
  {
    ...{ hostname: 'greenhouse', architecture: 'armhf', cores: 4, load: [0.04, 0.3], temperature: [46, 20] },
    ...{ sensor: 'cpu_thermal', memory: 1 * GIB, net: { wlan0: [3_000, 5_500] }, mobile: false },
    board: {
      model: 'Raspberry Pi 3 Model B Plus Rev 1.3',
      os: 'Raspbian GNU/Linux 11 (bullseye)',
      kernel: '6.1.21-v7+',
      serial: '0x1c9f03be',
      maxMhz: 1400,
      isPi: true,
    },
    disk: { ...SD_CARD, total: 14 * GIB, usedAtFirst: 0.83, growthPerHour: 0.12 * GIB },
    ...{ program: 'irrigation', work: ['Valve 2 opened', 'Valve 2 closed after 90 s', 'Soil moisture 31 %'] },
    ...{ bootEvery: 120 * HOUR, away: 0 },
  },
  {
    ...{ hostname: 'scout-mini', architecture: 'arm64', cores: 4, load: [0.2, 0.92], temperature: [44, 43] },
    ...{ sensor: 'soc_thermal', memory: 8 * GIB, net: { wlan0: [65_000, 240_000] }, mobile: true },
    board: {
      model: 'NVIDIA Jetson Orin Nano Developer Kit',
      os: 'Ubuntu 22.04.5 LTS',
      kernel: '5.15.148-tegra',
      serial: '22361Z480112',
      maxMhz: 1510,
      hasGpu: true,
    },
    disk: { ...NVME, total: 238 * GIB, usedAtFirst: 0.22, growthPerHour: 1.4 * GIB },
    ...{ program: 'slam', work: ['Loop closed', 'Map saved', 'Lost track of features, relocalising'] },
    ...{ bootEvery: 50 * MINUTE, away: 0 },
  },
];
