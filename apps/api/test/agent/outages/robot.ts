import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDebian } from '../../../../../tools/real/debian.ts';
import { ensureTelegraf } from '../../../../../tools/real/telegraf.ts';
import type { ServerProcess } from '../../support/server-process.ts';

const TRUTH = readFileSync(join(import.meta.dirname, 'truth.sh'), 'utf8');
const TRUTH_CONF = `[[inputs.execd]]
  command = ["sh", "/usr/local/lib/truth.sh"]
  interval = "1s"
  signal = "STDIN"
  data_format = "influx"
`;

const DROP_INS = 'etc/systemd/system/telegraf.service.d';

/**
 * A Debian with systemd that has been made a robot by the installer, and measures `truth` each second beside what the
 * agent measures. What the agent stores is on a disk of its own.
 * @param settings lines for /etc/default/telegraf
 */
export async function startRobot(server: ServerProcess, admin: string, url: string, settings: string[]) {
  const debian = await startDebian({ hostname: 'rover-7', telegraf: await ensureTelegraf(), diskMegabytes: 64 });
  try {
    const file = (path: string) => join(debian.root, path);
    for (const folder of ['var/log/truth', 'var/log/journal', 'etc/telegraf/telegraf.d', DROP_INS])
      mkdirSync(file(folder), { recursive: true });
    writeFileSync(file('usr/local/lib/truth.sh'), TRUTH);
    writeFileSync(file('etc/telegraf/telegraf.d/truth.conf'), TRUTH_CONF);
    // As an owner would whose input writes somewhere.
    writeFileSync(file(`${DROP_INS}/truth.conf`), '[Service]\nReadWritePaths=/var/log/truth\n');
    writeFileSync(file('etc/default/telegraf'), `${settings.join('\n')}\n`);
    await debian.run('chmod 777 /var/log/truth; systemctl restart systemd-journald');
    const child = await debian.shell(`curl -fsSL ${url}/install.sh | sh -s -- --url ${url}`);
    const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
    while (!shown() && !child.hasExited()) await sleep(100);
    const [, left, right] = shown() ?? [];
    await server.call('POST', `/pair/${left}${right}/confirm`, { token: admin, body: {} });
    await child.exited;
    if (child.exitCode() !== 0) throw new Error(`The robot could not be installed: ${child.output()}`);
    return {
      debian,
      /** The seconds since 1970 in which `truth` was measured. */
      measured: () => [...new Set(readFileSync(file('var/log/truth/seconds'), 'utf8').trim().split('\n').map(Number))],
      /** As when memory has run out: everything of the service ends at once, and is started again by systemd. */
      kill: () => debian.run('systemctl kill --signal=KILL telegraf.service'),
      telegrafLog: async () => (await debian.run('journalctl -q -u telegraf -n 40 -o cat')).output,
      /** How many files wait in the spool. */
      async waiting() {
        return Number((await debian.run('ls /var/lib/robowatch-agent/spool | wc -l')).output);
      },
      /** Bytes that the spool takes of the disk. */
      async spooled() {
        return Number((await debian.run('du -sk /var/lib/robowatch-agent/spool | cut -f 1')).output) * 1024;
      },
    };
  } catch (error) {
    await debian.stop();
    throw error;
  }
}

export type Robot = Awaited<ReturnType<typeof startRobot>>;
