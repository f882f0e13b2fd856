import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { startDebian } from '../../../../tools/real/debian.ts';
import { runCommand } from '../../../../tools/real/run-command.ts';
import type { Architecture, System } from '../../../../tools/real/system-root.ts';
import { buildTelegrafPackage } from '../../../../tools/real/telegraf-package.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const ARCHITECTURES: Architecture[] = ['arm64', 'armhf', 'amd64'];
/** What every board has; a mount, because the sensors of this machine are not those of a board. */
const SENSOR = `mount -t tmpfs tmpfs /sys/class/thermal && mkdir /sys/class/thermal/thermal_zone0 &&
  cd /sys/class/thermal/thermal_zone0 && echo cpu-thermal >type && echo 48312 >temp`;
/** Folders in which any work leaves something. */
const UNSTEADY = ['var/log', 'var/cache', 'var/lib/apt', 'var/lib/systemd', 'root'];

export type Board = Awaited<ReturnType<typeof startBoard>>;

/** A server that has Telegraf's packages for all kinds of boards, compiled on this machine. */
export function useServer(): () => ServerProcess {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-boards-'));
  let server: ServerProcess | undefined;
  beforeAll(async () => {
    const packages = join(dir, 'packages');
    mkdirSync(packages);
    for (const architecture of ARCHITECTURES) await buildTelegrafPackage(packages, architecture);
    const env = { DATA_DIR: join(dir, 'data'), PAIR_POLL_INTERVAL: '1', AGENT_PACKAGES: packages };
    server = await launch({ env });
  });
  afterAll(async () => {
    await server?.end();
    rmSync(dir, { recursive: true, force: true });
  });
  return () => server as ServerProcess;
}

/** A board with systemd as process 1, on which the server's install.sh can be run as its first line instructs. */
export async function startBoard(system: System, server: ServerProcess, hostname: string) {
  const admin = await server.signIn();
  const debian = await startDebian({ hostname, system });
  await debian.run(SENSOR);
  const read = async (path: string) => (await server.call('GET', path, { token: admin })).body;
  const robots = async () =>
    (await read('/robots')).items.filter((robot: { hostname: string }) => robot.hostname === hostname);
  /** The paths of everything on its disk, but for what any work leaves. */
  const files = async () => {
    const without = UNSTEADY.flatMap((folder) => ['-path', join(debian.root, folder), '-o']).slice(0, -1);
    const options = [debian.root, '(', ...without, ')', '-prune', '-o', '-printf', '/%P\n'];
    return (await runCommand('find', options, { missing: 'find is not installed.' })).split('\n').sort();
  };
  /** Confirms the code that it shows. */
  const install = async (options = '') => {
    const child = await debian.shell(
      `curl -fsSL ${server.origin}/install.sh | sh -s -- --url ${server.origin} ${options}`,
    );
    const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
    while (!shown() && !child.hasExited()) await sleep(100);
    const code = shown()?.slice(1).join('');
    const preview = code && (await read(`/pair/${code}`));
    if (code) await server.call('POST', `/pair/${code}/confirm`, { token: admin, body: {} });
    await child.exited;
    return { code: child.exitCode(), output: child.output(), preview };
  };
  /** Values of a field that have come in since then. */
  const values = async (id: number, measurement: string, field: string, from: number) => {
    const query = new URLSearchParams({ fields: field, fn: 'last', from: new Date(from).toISOString() });
    const { series } = await read(`/robots/${id}/metrics/${measurement}?${query}`);
    type Series = { points: [number, number | string | boolean][] };
    return series.flatMap(({ points }: Series) => points.map(([, value]) => value)) as (number | string | boolean)[];
  };
  return { ...debian, robots, read, files, install, values };
}
