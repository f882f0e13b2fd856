import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OWN_ARCHITECTURE, type System } from '../../../../tools/real/system-root.ts';
import { type Board, startBoard, useServer } from './board.ts';

const SYSTEMS: System[] = [
  { suite: 'bookworm', architecture: 'arm64' },
  { suite: 'bookworm', architecture: 'armhf' },
  { suite: 'trixie', architecture: OWN_ARCHITECTURE },
  { suite: 'jammy', architecture: OWN_ARCHITECTURE },
  { suite: 'noble', architecture: OWN_ARCHITECTURE },
];
/** Of each input one field that any computer has. Wi-Fi, throttling and the like are tested beside board.sh. */
const MEASURED: [measurement: string, field: string, kind: string][] = [
  ['cpu', 'usage_idle', 'number'],
  ['mem', 'used_percent', 'number'],
  ['disk', 'used_percent', 'number'],
  ['net', 'bytes_recv', 'number'],
  ['temp', 'temp', 'number'],
  ['system', 'load1', 'number'],
  ['system', 'uptime', 'number'],
  ['diskio', 'read_bytes', 'number'],
  ['process', 'memory_bytes', 'number'],
  ['systemd_units', 'failed', 'number'],
  ['inventory', 'kernel', 'string'],
  ['robowatch_agent', 'buffered_points', 'number'],
];
/** The script of Telegraf's package takes QEMU, which runs process 1, for another kind of init. */
const KEPT_WHEN_EMULATED = '/usr/lib/systemd/system/telegraf.service';
/** Some come once a minute; and an emulated processor takes its time. */
const wait = { timeout: 400_000, interval: 2_000 };

const server = useServer();

const named = SYSTEMS.map((system) => [`${system.suite}-${system.architecture}`, system] as const);

describe.each(named)('%s', (hostname, system) => {
  const isEmulated = system.architecture !== OWN_ARCHITECTURE;
  let board: Board;
  let before: string[];
  let id: number;

  beforeAll(async () => {
    board = await startBoard(system, server(), hostname);
    before = await board.files();
  });
  afterAll(async () => {
    await board?.stop();
  });

  it('becomes a robot, with the Telegraf for its processor', async () => {
    const { code, output, preview } = await board.install();
    expect(code, output).toBe(0);
    expect(preview).toMatchObject({ hostname, architecture: system.architecture });
    expect(output).toContain('Getting Telegraf from ');
    expect(output).toContain(`Done: the first report was accepted, and the robot "${hostname}" keeps reporting`);
    const installed = await board.run(`dpkg-query --show --showformat '\${Architecture}' telegraf`);
    expect(installed.output).toBe(system.architecture);
    const [robot] = await board.robots();
    expect(robot).toMatchObject({ architecture: system.architecture, agent_version: '1.37.2' });
    id = robot.id;
  });

  it.each(MEASURED)('measures %s %s', async (measurement, field, kind) => {
    const kinds = async () =>
      new Set((await board.values(id, measurement, field, Date.now() - 900_000)).map((one) => typeof one));
    await expect.poll(kinds, wait).toEqual(new Set([kind]));
  });

  it('reads its own sensor, not this machine’s', async () => {
    expect(await board.values(id, 'temp', 'temp', Date.now() - 900_000)).toContain(48.312);
  });

  it('sends its journal', async () => {
    await board.run('systemd-cat -t nav2 -p warning echo "Goal reached: dock 3"');
    const found = async () => (await board.read(`/robots/${id}/logs?program=nav2`)).items;
    await expect.poll(found, wait).toMatchObject([{ level: 'warning', message: 'Goal reached: dock 3' }]);
  });

  it('finds nothing wrong with itself', async () => {
    const status = await board.run('robowatch-agent status');
    expect(status.output).toContain('paired; the server accepts its reports');
    expect(status.output).toMatch(/^Telegraf +1\.37\.2, running since /m);
    const doctor = await board.run('robowatch-agent doctor');
    const log = await board.run('journalctl --unit=telegraf --output=cat --no-pager');
    expect([doctor.code, doctor.output], log.output).toEqual([0, expect.not.stringContaining('WRONG')]);
  });

  it('stays the same robot when the agent is installed again', async () => {
    const since = Date.now();
    const { code, output, preview } = await board.install();
    expect([code, preview], output).toEqual([0, undefined]);
    expect(output).toContain('keeps its identity');
    expect((await board.robots()).map((robot: { id: number }) => robot.id)).toEqual([id]);
    await expect
      .poll(async () => (await board.values(id, 'mem', 'used_percent', since)).length, wait)
      .toBeGreaterThan(0);
  });

  it('is left as it was by --uninstall', async () => {
    const { code, output } = await board.install('--uninstall');
    expect([code, output]).toEqual([0, expect.stringContaining('The agent has been removed')]);
    const left = (await board.files()).filter((file) => !before.includes(file));
    expect(left.filter((file) => !(isEmulated && file === KEPT_WHEN_EMULATED))).toEqual([]);
    expect((await board.run('systemctl is-active telegraf; ls -d /run/robowatch-agent')).code).not.toBe(0);
  });
});
