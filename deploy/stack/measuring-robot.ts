import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { AGENT_CONFIG_FILES, startTelegraf } from '../../tools/real/telegraf.ts';
import type { Running } from './running.ts';

const PACE = '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  flush_jitter = "0s"\n';

/** Lets the real Telegraf measure every second during `work`, and expects every one of these seconds to be stored. */
export async function measuring(
  { stack, client, dir }: Running,
  code: string,
  work: () => Promise<void>,
): Promise<void> {
  const robot = await client.pair(await client.signIn(), code);
  const [ca, pace] = [join(dir, 'ca.crt'), join(dir, 'pace.conf')];
  writeFileSync(ca, stack.ca);
  writeFileSync(pace, PACE);
  const env = {
    ROBOWATCH_URL: stack.url,
    ROBOWATCH_TOKEN: robot.token,
    ROBOWATCH_CA: ca,
    HOME: dir,
    ROBOWATCH_FLUSH: '1s',
  };
  const telegraf = await startTelegraf({ configFiles: [AGENT_CONFIG_FILES[0] as string, pace], env, dir });
  try {
    await sleep(3000);
    const from = Math.ceil(Date.now() / 1000);
    await work();
    const to = Math.floor(Date.now() / 1000);
    const stored = async () => {
      const range = `from=${new Date(from * 1000).toISOString()}&to=${new Date(to * 1000).toISOString()}`;
      const path = `/robots/${robot.id}/metrics/mem?fields=used_percent&every=1s&fn=count&${range}`;
      const { body } = await client.call('GET', path, { token: await client.signIn() });
      return (body.series?.[0]?.points ?? []).length as number;
    };
    const message = telegraf.output().slice(-3000);
    await expect.poll(stored, { timeout: 60_000, interval: 2000, message }).toBeGreaterThanOrEqual(to - from - 1);
    expect(telegraf.output()).not.toMatch(/dropped/i);
  } finally {
    await telegraf.stop();
  }
}
