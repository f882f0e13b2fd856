import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identityTags, RobotShape, stampLines } from '../apps/api/src/line-protocol/index.ts';

const SCRIPT = join(import.meta.dirname, 'board.sh');
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-board-test-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Files of a board's /sys, /proc and /etc. */
async function has(files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** Lines, checked by the server's own reader. */
async function lines(more: Record<string, string> = {}): Promise<string[]> {
  const env = {
    ...{ PATH: `${dir}/bin:${process.env.PATH}`, ROBOWATCH_RUN_DIR: join(dir, 'run') },
    ...{ HOST_SYS: join(dir, 'sys'), HOST_PROC: join(dir, 'proc'), HOST_ETC: join(dir, 'etc') },
    ...more,
  };
  const { stdout, stderr } = await promisify(execFile)('sh', [SCRIPT], { env });
  expect(stderr).toBe('');
  const robot = { id: 1, name: 'r', hostname: 'h', architecture: null };
  const stamp = { receivedAt: 1n, oldest: 0n, newest: 9n, shape: new RobotShape(robot, identityTags(robot)) };
  expect(stampLines(Buffer.from(stdout), 'ns', stamp).rejected).toEqual([]);
  return stdout.split('\n').filter((line) => line && !line.startsWith('systemd_units'));
}

test('a Raspberry Pi tells of throttling, frequency, Wi-Fi and what it is', async () => {
  await has({
    'sys/devices/platform/soc/soc:firmware/get_throttled': '50005\n',
    'sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': '1800000\n',
    'sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq': '2400000\n',
    'proc/net/wireless':
      'Inter-| sta-|   Quality        |   Discarded packets\n face | tus | link level noise |  nwid\n wlan0: 0000   54.  -56.  -256        0\n',
    'proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0',
    'proc/sys/kernel/osrelease': '6.12.47+rpt-rpi-2712\n',
    'etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    'sys/block/mmcblk0/device/serial': '0xb3f1a2c4\n',
    'bin/iw':
      '#!/bin/sh\nprintf "Connected to x (on wlan0)\\n\\trx bitrate: 6.0 MBit/s\\n\\ttx bitrate: 433.3 MBit/s\\n"\n',
    'bin/telegraf': '#!/bin/sh\necho "Telegraf 1.37.2 (git: HEAD)"\n',
  });
  for (const name of ['iw', 'telegraf']) await promisify(execFile)('chmod', ['755', join(dir, 'bin', name)]);
  const expected = [
    'soc under_voltage=true,frequency_capped=false,throttled=true,hot=false,under_voltage_seen=true,throttled_seen=true',
    'cpu_frequency,policy=policy0 current_mhz=1800i,max_mhz=2400i',
    'wifi,interface=wlan0 signal_dbm=-56i,rate_mbit_s=433.3',
    'inventory model="Raspberry Pi 5 Model B Rev 1.0",os="Debian GNU/Linux 13 (trixie)",kernel="6.12.47+rpt-rpi-2712",agent="1.37.2",serial="0xb3f1a2c4"',
  ];
  expect(await lines()).toEqual(expected);
  // What it is does not change within an hour.
  expect(await lines()).toEqual(expected.slice(0, 3));
});

test('accelerators of Rockchip and Jetson, batteries, wear, pressure and memory kills', async () => {
  await has({
    'sys/class/devfreq/fdab0000.npu/load': '37@1000000000Hz\n',
    'sys/class/devfreq/fb000000.gpu/load': '5@300000000Hz\n',
    'sys/devices/gpu.0/load': '423\n',
    'sys/class/power_supply/BAT0/type': 'Battery\n',
    'sys/class/power_supply/BAT0/capacity': '81\n',
    'sys/class/power_supply/BAT0/voltage_now': '12345000\n',
    'sys/class/power_supply/BAT0/status': 'Not charging\n',
    'sys/class/power_supply/AC/type': 'Mains\n',
    'sys/block/mmcblk1/device/life_time': '0x02 0x0b\n',
    'proc/pressure/memory':
      'some avg10=0.10 avg60=2.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=9.00 avg300=0 total=0\n',
    'proc/vmstat': 'pgfault 5\noom_kill 3\noom_kill_x 9\n',
  });
  expect(await lines()).toEqual([
    'pressure,resource=memory waiting_percent=2.50',
    'memory_kills processes=3i',
    'accelerator,name=gpu load_percent=5',
    'accelerator,name=npu load_percent=37',
    'accelerator,name=gpu load_percent=42.3',
    'power_supply,name=BAT0 percent=81,volt=12.345,status="Not charging"',
    'flash_wear,name=mmcblk1 life_used_percent=110',
  ]);
});

test('a board that says nothing sensible is left out, not misreported', async () => {
  await has({
    'sys/devices/platform/soc/soc:firmware/get_throttled': 'error\n',
    'sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': '<unsupported>\n',
    'sys/class/devfreq/x.gpu/load': '\n',
    'sys/class/power_supply/BAT0/type': 'Battery\n',
    'sys/class/power_supply/BAT0/capacity': '',
    'sys/block/mmcblk0/device/life_time': '0x00 0x00\n',
    'proc/net/wireless': 'Inter-|\n face |\n wlan0: 0000    0.     0.     0.\n',
    'proc/pressure/cpu': '',
    'proc/device-tree/model': 'A "quoted" \\ board\u0000',
  });
  expect(await lines()).toEqual(['inventory model="A \\"quoted\\" \\\\ board"']);
});

const statOf = (pid: number, name: string, ticks: number, pages: number, began = 100) =>
  `${pid} (${name}) S 1 1 1 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 ${began} 1 ${pages} 0\n`;

test('the busiest processes of the minute, and the largest, by name', async () => {
  await has({
    'proc/uptime': '1000.00 1.0\n',
    'proc/1/stat': statOf(1, 'init', 50, 10),
    'proc/20/stat': statOf(20, 'nav (2) x', 1_000, 100),
    'proc/21/stat': statOf(21, 'nav (2) x', 2_000, 100),
    'proc/30/stat': statOf(30, 'big, one', 10, 9_000),
    // Whoever runs it chooses its name.
    'proc/40/stat': statOf(40, 'evil\n99 (x) S 1', 1, 5),
    'proc/41/stat': statOf(41, '', 1, 5),
  });
  const of = async (most: string) =>
    (await lines({ ROBOWATCH_PROCESSES: most })).filter((line) => /^process/.test(line));
  expect(await of('0')).toEqual([]);
  expect(await of('1')).toEqual([`process,name=big\\,\\ one memory_bytes=${9_000 * 4096}i`]);
  await has({
    'proc/uptime': '1060.00 1.0\n',
    'proc/20/stat': statOf(20, 'nav (2) x', 1_300, 100),
    'proc/21/stat': statOf(21, 'nav (2) x', 2_300, 100),
    // Another process with the number of one that has ended.
    'proc/30/stat': statOf(30, 'big, one', 60, 9_000, 500),
  });
  expect(await of('1')).toEqual([
    `process,name=nav\\ (2)\\ x memory_bytes=${200 * 4096}i,cpu_percent=10.00`,
    `process,name=big\\,\\ one memory_bytes=${9_000 * 4096}i,cpu_percent=1.00`,
  ]);
  const all = await of('9');
  expect(all.length).toBeGreaterThan(3);
  for (const line of all) expect(line).toMatch(/^process,name=\S.* memory_bytes=\d+i(,cpu_percent=\d+\.\d\d)?$/);
});

test('no name of a process spoils what the board tells', async () => {
  const odd = ['"', '\\', 'a\tb', 'c\rd', 'e\ff', '\t', '', 'é', '#x', ',= ', 'g"', 'h\\'];
  await has({
    'proc/uptime': '1000.00 1.0\n',
    'sys/class/devfreq/a"b.g\\p\tu/load': '37@1000000000Hz\n',
    ...Object.fromEntries(odd.map((name, i) => [`proc/${20 + i}/stat`, statOf(20 + i, name, 1, 100 - i)])),
  });
  const all = await lines({ ROBOWATCH_PROCESSES: '19' });
  expect(all.map((line) => /^(?:process|accelerator),name=(.*) [ml]\w*=\d+i?$/.exec(line)?.[1])).toEqual([
    'g_pu',
    '-',
    '_',
    'ab',
    'cd',
    'ef',
    '#x',
    String.raw`\,\=\ `,
    'g_',
    'h_',
  ]);
});
