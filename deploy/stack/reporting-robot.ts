import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Running, wait } from './running.ts';

/** As the agent's Telegraf: a connection that hangs is given up, and the report is sent again. */
const TIMEOUT = 5000;

/** A robot that measures every 50 ms and reports what is not acknowledged yet. */
export async function startReporting({ client }: Running, code: string) {
  const robot = await client.pair(await client.signIn(), code);
  const first = Date.now();
  const replies: Record<string, number> = {};
  let [measured, acknowledged, on] = [0, 0, true];
  let pending: string[] = [];
  const report = async (body: string[]) => {
    const signal = AbortSignal.timeout(TIMEOUT);
    const sent = client.call('POST', '/metrics?precision=ms', { token: robot.token, body: body.join('\n'), signal });
    const status = await sent.then(
      (reply) => reply.status,
      (error) => error.cause?.code ?? error.name,
    );
    replies[status] = (replies[status] ?? 0) + 1;
    return status === 204;
  };
  const work = (async () => {
    for (; on || pending.length > 0; await sleep(50)) {
      if (on) pending.push(`beat n=${measured}i ${first + measured++}`);
      const body = pending.slice(0, 2000);
      if (!(await report(body))) continue;
      acknowledged += body.length;
      pending = pending.slice(body.length);
    }
  })();
  return {
    /** How many reports had which status or error. */
    replies,
    acknowledged: () => acknowledged,
    /** Reports the rest, and expects that everything is stored, each value once. */
    async end() {
      on = false;
      await work;
      const stored = async () => {
        const range = `from=${new Date(first - 1000).toISOString()}&to=${new Date(first + measured).toISOString()}`;
        const path = `/robots/${robot.id}/metrics/beat?fields=n&every=1h&fn=count&${range}`;
        const { body } = await client.call('GET', path, { token: await client.signIn() });
        const points: [string, number][] = body.series?.[0]?.points ?? [];
        return points.reduce((sum, [, count]) => sum + count, 0);
      };
      await expect.poll(stored, wait).toBe(measured);
    },
  };
}
