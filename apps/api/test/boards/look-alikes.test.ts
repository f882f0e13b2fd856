import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Board, startBoard, useServer } from './board.ts';
import { disguise, LOOK_ALIKES } from './look-alikes.ts';

const MACHINES = { amd64: 'x86_64', arm64: 'aarch64', armhf: 'armv7l' };
const wait = { timeout: 400_000, interval: 2_000 };

const server = useServer();

describe.each(LOOK_ALIKES.map((one) => [one.name, one] as const))('%s', (hostname, lookAlike) => {
  const { system, machine = MACHINES[system.architecture], model, os } = lookAlike;
  let board: Board;
  let id: number;

  beforeAll(async () => {
    board = await startBoard(system, server(), hostname);
    await disguise(board, lookAlike);
  });
  afterAll(async () => {
    await board?.stop();
  });

  it('gets the Telegraf that its programs are for, whatever its kernel', async () => {
    expect((await board.run('uname -m')).output).toBe(`${machine}\n`);
    const { code, output, preview } = await board.install();
    expect([code, output]).toEqual([0, expect.stringContaining('Done: the first report was accepted')]);
    expect(preview.architecture).toBe(system.architecture);
    const installed = await board.run(`dpkg-query --show --showformat '\${Architecture}' telegraf`);
    expect(installed.output).toBe(system.architecture);
    id = (await board.robots())[0].id;
  });

  it('tells what board and system it is', async () => {
    const told = async (field: string) => (await board.values(id, 'inventory', field, Date.now() - 900_000)).at(-1);
    await expect.poll(() => told('model'), wait).toBe(model);
    expect(await told('os')).toBe(os);
  });

  it('is rid of the agent after --uninstall', async () => {
    expect((await board.install('--uninstall')).code).toBe(0);
    expect(
      (await board.run('command -v telegraf robowatch-agent; ls -d /etc/telegraf /usr/lib/robowatch-agent')).output,
    ).not.toMatch(/^\//m);
  });
});
