import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { freeUdpPort } from '../../../../tools/real/free-port.ts';
import { AGENT_CONFIG_FILES, startTelegraf } from '../../../../tools/real/telegraf.ts';
import { type Person, useTestApi } from '../support/test-api.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const EXAMPLES = join(ROOT, 'agent/examples');
const api = useTestApi();
let telegraf: Awaited<ReturnType<typeof startTelegraf>>;
let owner: Person;
let id: number;
let address: string;
let port: number;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-own-numbers-'));
  const url = await api.app().listen({ host: '127.0.0.1', port: 0 });
  owner = await api.person();
  const robot = await api.pairedRobot(owner, 'talker');
  id = robot.id;
  port = await freeUdpPort();
  address = `udp://127.0.0.1:${port}`;
  telegraf = await startTelegraf({
    configFiles: AGENT_CONFIG_FILES,
    env: {
      ...{ ROBOWATCH_URL: url, ROBOWATCH_TOKEN: robot.token, ROBOWATCH_FLUSH: '1s', ROBOWATCH_FLUSH_JITTER: '1ms' },
      ...{ ROBOWATCH_LISTEN_ON: address, ROBOWATCH_LISTEN_POINTS: '50', HOME: dir, PATH: process.env.PATH },
    },
    dir,
  });
  await vi.waitUntil(() => telegraf.output().includes('Listening on udp'), { timeout: 20_000 });
});
afterAll(() => telegraf?.stop());

const residentBytes = (pid: number) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

const python = (program: string, env: Record<string, string> = {}) =>
  promisify(execFile)('python3', ['-c', program], {
    cwd: EXAMPLES,
    env: { PATH: process.env.PATH, ROBOWATCH_LISTEN: address, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });

/** The newest values of a measurement, by field and tags. */
async function newest(measurement: string): Promise<Record<string, unknown>> {
  const { body } = await api.call('GET', `/robots/${id}/metrics/${measurement}?from=-5m&fn=last`, {
    token: owner.token,
  });
  const known = (body.series ?? []) as { field: string; tags: object; points: [number, unknown][] }[];
  return Object.fromEntries(
    known.map(({ field, tags, points }) => [[field, ...Object.values(tags)].join(' '), points.at(-1)?.[1]]),
  );
}
const MESSAGES = `
from types import SimpleNamespace as Message
from robowatch_lines import Newest, send
nan = float("nan")
battery = Message(voltage=24.5, temperature=31.25, current=-4.0, percentage=0.625, power_supply_status=2,
                  power_supply_health=1, present=True, cell_voltage=[4.1, 3.9, nan], location="")
unknown = Message(voltage=11.1, temperature=nan, current=nan, percentage=nan, power_supply_status=0,
                  power_supply_health=0, present=False, cell_voltage=[], location="arm, left")
status = lambda name, level, message: Message(name=name, level=level, message=message)
`;

it('tells of batteries and diagnostics of ROS', async () => {
  await python(`${MESSAGES}
newest = Newest()
newest.battery("/battery_state", Message(**{**vars(battery), "voltage": 1.0}))
newest.battery("/battery_state", battery)
newest.battery("/arm", unknown)
# A byte is an int in ROS 1, and bytes in ROS 2.
newest.diagnostics(Message(status=[status("imu: data", b"\\x00", "fine"), status("lidar", b"\\x02", 'no "scan"\\nfor 3 s\\\\')]))
newest.diagnostics(Message(status=[status("lidar", 1, "slow")]))
send(newest.lines())
`);
  await expect
    .poll(() => newest('ros_battery'))
    .toEqual({
      ...{ 'percent /battery_state': 62.5, 'volt /battery_state': 24.5, 'ampere /battery_state': -4 },
      ...{ 'watt /battery_state': -98, 'temperature_c /battery_state': 31.25, 'lowest_cell_volt /battery_state': 3.9 },
      ...{ 'status /battery_state': 'Discharging', 'health /battery_state': 'Good', 'present /battery_state': true },
      ...{ 'volt arm, left': 11.1, 'status arm, left': 'Unknown', 'health arm, left': 'Unknown' },
      'present arm, left': false,
    });
  expect(await newest('ros_diagnostics')).toEqual({
    ...{ 'level imu: data': 0, 'state imu: data': 'ok', 'message imu: data': 'fine' },
    ...{ 'level lidar': 1, 'state lidar': 'warning', 'message lidar': 'slow' },
  });
});

it('tells of a component that fell silent as stale, and of each message of a battery once', async () => {
  const { stdout } = await python(`${MESSAGES}
now = [0]
newest = Newest(clock=lambda: now[0])
newest.battery("b", battery)
newest.diagnostics(Message(status=[status("motor", 0, "turns")]))
for now[0] in (0, 31, 3601, 3700):
    print(len(newest.lines()), [one for one in newest.lines() if "motor" in one])
`);
  const stale = `['ros_diagnostics,component=motor level=3i,state="stale",message="turns"']`;
  expect(stdout.trim().split('\n')).toEqual([
    `2 ['ros_diagnostics,component=motor level=0i,state="ok",message="turns"']`,
    `1 ${stale}`,
    '1 []',
    '0 []',
  ]);
});

it('takes any number from the ten lines of Python in the documentation', async () => {
  const [, program] =
    /```python\n(import socket[\s\S]*?)```/.exec(readFileSync(join(ROOT, 'docs/ros2.md'), 'utf8')) ?? [];
  const file = join(dir, 'tell.py');
  writeFileSync(file, `${program?.replace('8094', String(port))}`);
  await promisify(execFile)('python3', [file]);
  await expect.poll(() => newest('gripper')).toEqual({ 'force_n left': 12.5, 'cycles left': 1041 });
});

it('takes no more than it may of a program that sends without end, and reports what the robot measures all the same', async () => {
  const udp = createSocket('udp4');
  const began = Date.now();
  const before = residentBytes(telegraf.pid);
  let sent = 0;
  while (Date.now() - began < 12_000) {
    for (let i = 0; i < 50; i++) udp.send(`flood,run=${sent++} text="${'x'.repeat(500)}",n=1i`, port, '127.0.0.1');
    await sleep(1);
  }
  const ended = Date.now();
  udp.close();
  // What was too much is told with the first point of the next ten seconds.
  await sleep(10_000 - (Date.now() % 10_000));
  await python('import robowatch_lines as r; r.send(["after n=1"])');
  const token = owner.token;
  const count = async () => {
    const all = (await api.call('GET', `/robots/${id}/metrics/flood?fields=n&fn=count&from=-5m&every=1d`, { token }))
      .body;
    return (all.series as { points: [number, number][] }[]).length;
  };
  expect(sent).toBeGreaterThan(1000);
  await expect.poll(async () => Number(Object.values(await newest('robowatch_listener'))[0])).toBeGreaterThan(100);
  const taken = await count();
  const windows = Math.ceil((Date.now() - began) / 10_000) + 1;
  expect(taken).toBeLessThanOrEqual(50 * windows);
  expect(taken).toBeGreaterThan(0);
  // What the robot measured meanwhile comes, however late.
  const range = `from=${new Date(began).toISOString()}&to=${new Date(ended).toISOString()}`;
  const memory = () => api.call('GET', `/robots/${id}/metrics/mem?fields=used_percent&${range}`, { token });
  await expect.poll(async () => (await memory()).body.series.length).toBeGreaterThan(0);
  expect(residentBytes(telegraf.pid) - before).toBeLessThan(60 * 2 ** 20);
});

it('does not let a program say what the agent’s own scripts say to each other', async () => {
  const forged = 'robowatch_internal_write,alias=robowatch,output=http metrics_added=9i,metrics_written=9i';
  await sleep(10_000 - (Date.now() % 10_000));
  await python(
    `import robowatch_lines as r; r.send(["${forged}", "robowatch_agent dropped_points=1e6", "not a line", "late n=1,robowatch_listener=3"])`,
  );
  await python('import robowatch_lines as r; r.send(["honest,robowatch_listener=no n=1"])');
  await expect.poll(() => newest('honest')).toEqual({ n: 1 });
  expect(Object.values(await newest('robowatch_agent'))).not.toContain(1e6);
});
