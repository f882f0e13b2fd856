import { describe, expect, it } from 'vitest';
import { measuring } from './measuring-robot.ts';
import { startReporting } from './reporting-robot.ts';
import type { Running } from './running.ts';

interface State {
  Pid: number;
  StartedAt: string;
  Health: { Status: string };
}

const SERVICES = ['redis', 'redis-superset', 'client', 'api', 'influxdb', 'postgres', 'superset', 'edge'];

export function crashTests(given: () => Running): void {
  const states = async (names: string[]) => {
    const all = JSON.parse(await given().stack.docker(['inspect', ...names.map((name) => `robowatch-${name}`)]));
    return all.map(({ State }: { State: State }) => State) as State[];
  };
  /** Ends containers' first processes from outside, at once, as the kernel does when memory runs out. */
  async function crash(...names: string[]): Promise<number> {
    const before = await states(names);
    const kill = `kill -KILL ${before.map(({ Pid }) => Pid).join(' ')}`;
    await given().stack.docker(['run', '--rm', '--pid', 'host', 'caddy:2.11.4', 'bash', '-c', kill]);
    const began = Date.now();
    const back = async () =>
      (await states(names)).flatMap(({ StartedAt, Health }, i) =>
        StartedAt !== before[i]?.StartedAt && Health.Status === 'healthy' ? [] : names[i],
      );
    await expect.poll(back, { timeout: 100_000, interval: 500 }).toEqual([]);
    return (Date.now() - began) / 1000;
  }

  describe('a crash', () => {
    it('of any service loses nothing that the real Telegraf measures, and it comes back by itself', async () => {
      await measuring(given(), '14142135', async () => {
        for (const service of SERVICES) {
          const seconds = await crash(`${service}-1`);
          process.stdout.write(`\n${service} crashed, and was healthy again after ${seconds.toFixed(0)} s\n`);
        }
      });
    }, 900_000);

    it('of everything at once loses nothing that was acknowledged to a robot, with two replicas', async () => {
      const { compose } = given().stack;
      await compose('up', '--detach', '--wait', '--no-deps', '--scale', 'api=2', 'api');
      const robot = await startReporting(given(), '17320508');
      await expect.poll(robot.acknowledged, { timeout: 30_000 }).toBeGreaterThan(20);
      const seconds = await crash(
        'postgres-1',
        'influxdb-1',
        'redis-1',
        'redis-superset-1',
        'api-1',
        'api-2',
        'edge-1',
      );
      const before = robot.acknowledged();
      await expect.poll(robot.acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 20);
      await robot.end();
      process.stdout.write(
        `\nall crashed at once, healthy after ${seconds.toFixed(0)} s: ${JSON.stringify(robot.replies)}\n`,
      );
      await compose('up', '--detach', '--wait', '--no-deps', '--scale', 'api=1', 'api');
    }, 300_000);
  });
}
