import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../../../tools/real/child.ts';
import { freePort } from '../../../../tools/real/free-port.ts';
import type { Receipt } from './count.ts';
import { toldByMail, toldByWebhook } from './read-message.ts';

const MAIN = fileURLToPath(new URL('receivers-main.ts', import.meta.url));

/** A web server and a mail server, on ports that they keep, in a process that can be killed or frozen. */
export async function startReceivers(dir: string, seed: number) {
  const [http, smtp, file] = [await freePort(), await freePort(), join(dir, 'received.jsonl')];
  const start = () =>
    new Promise<Child>((resolve, reject) => {
      const args = ['--http', String(http), '--smtp', String(smtp), '--file', file, '--seed', String(seed)];
      const onOutput = (text: string) => text.includes('listening') && child.then(resolve);
      const child = startChild(process.execPath, [MAIN, ...args], { cwd: dir, env: {}, onOutput });
      child.then((one) => one.exited.then(() => reject(new Error(one.output()))), reject);
    });
  let child = await start();
  return {
    hook: (name: string) => `http://127.0.0.1:${http}/${name}`,
    settings: { SMTP_URL: `smtp://127.0.0.1:${smtp}`, SMTP_FROM: 'Robowatch <robowatch@lab.example>' },
    kill: () => child.kill(),
    restart: async () => {
      child = await start();
    },
    pause: () => child.pause(),
    resume: () => child.resume(),
    /** In the order of their arrival. */
    async received(): Promise<Receipt[]> {
      // A line is cut off where the process was killed while writing it: that message was not taken.
      const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1);
      return lines.map((line) => {
        const { at, to, key, body } = JSON.parse(line);
        return { at, to, key, told: to.startsWith('mail') ? toldByMail(body) : toldByWebhook(body) };
      });
    },
    stop: () => child.stop(),
  };
}
