import { Pool } from 'undici';
import { flushOf } from './bodies.ts';

export const MONTH_DAYS = 30;
const EVERY_S = 10;
const FLUSHES_A_BODY = 60;
const CONNECTIONS = 4;

/** Sends a robot's last thirty days, a flush every ten seconds. @returns the number of lines */
export async function sendMonth(url: string, token: string): Promise<number> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const end = Math.floor(Date.now() / 1000 / EVERY_S) * EVERY_S;
  // Nothing past the retention.
  let second = end - MONTH_DAYS * 86_400 + 3600;
  let lines = 0;
  const send = async () => {
    while (second < end) {
      const body: string[] = [];
      for (let i = 0; i < FLUSHES_A_BODY && second < end; i++, second += EVERY_S)
        for (const line of flushOf()) body.push(`${line} ${second}`);
      lines += body.length;
      const headers = { authorization: `Bearer ${token}` };
      const reply = await pool.request({
        method: 'POST',
        path: '/api/metrics?precision=s',
        headers,
        body: body.join('\n'),
      });
      if (reply.statusCode !== 204) throw new Error(`${reply.statusCode} ${await reply.body.text()}`);
      await reply.body.dump();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  await pool.close();
  return lines;
}
