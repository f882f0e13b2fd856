import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AGENT_CONFIG_FILES, startTelegraf } from '../../tools/real/telegraf.ts';
import type { Running } from './running.ts';

const SERVICES = ['redis', 'client', 'api', 'influxdb', 'postgres', 'superset', 'edge'];

export function crashTests(given: () => Running): void {
  const state = async (service: string) => {
    const [{ State }] = JSON.parse(await given().stack.docker(['inspect', `robowatch-${service}-1`]));
    return State as { Pid: number; StartedAt: string; Health: { Status: string } };
  };
  /** Ends a service's first process from outside, as the kernel does when memory runs out. */
  async function crash(service: string): Promise<number> {
    const before = await state(service);
    const kill = ['run', '--rm', '--pid', 'host', 'caddy:2.11.4', 'bash', '-c', `kill -KILL ${before.Pid}`];
    await given().stack.docker(kill);
    const began = Date.now();
    const back = async () => {
      const now = await state(service);
      return now.StartedAt !== before.StartedAt && now.Health.Status === 'healthy';
    };
    await expect.poll(back, { timeout: 100_000, interval: 500, message: service }).toBe(true);
    return (Date.now() - began) / 1000;
  }

  describe('a crash', () => {
    it('of any service loses nothing that the real Telegraf measures, and it comes back by itself', async () => {
      const { stack, client, admin, dir } = given();
      const robot = await client.pair(admin, '14142135');
      const [ca, pace] = [join(dir, 'ca.crt'), join(dir, 'pace.conf')];
      writeFileSync(ca, stack.ca);
      writeFileSync(pace, '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  flush_jitter = "0s"\n');
      const env = { ROBOWATCH_URL: stack.url, ROBOWATCH_TOKEN: robot.token, ROBOWATCH_CA: ca, HOME: dir };
      const telegraf = await startTelegraf({ configFiles: [AGENT_CONFIG_FILES[0] as string, pace], env, dir });
      try {
        await sleep(3000);
        const from = Math.ceil(Date.now() / 1000);
        for (const service of SERVICES) {
          const seconds = await crash(service);
          process.stdout.write(`\n${service} crashed, and was healthy again after ${seconds.toFixed(0)} s\n`);
        }
        const to = Math.floor(Date.now() / 1000);
        const times = async () => {
          const range = `from=${new Date(from * 1000).toISOString()}&to=${new Date(to * 1000).toISOString()}`;
          const path = `/robots/${robot.id}/metrics/mem?fields=used_percent&every=1s&fn=count&${range}`;
          const { body } = await client.call('GET', path, { token: await client.signIn() });
          return (body.series?.[0]?.points ?? []).length as number;
        };
        // One measurement a second, whatever was down at that moment.
        const message = () => telegraf.output().slice(-3000);
        await expect
          .poll(times, { timeout: 60_000, interval: 2000, message: message() })
          .toBeGreaterThanOrEqual(to - from - 1);
        expect(telegraf.output()).not.toMatch(/dropped/i);
      } finally {
        await telegraf.stop();
      }
    }, 900_000);
  });
}
