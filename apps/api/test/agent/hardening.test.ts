import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDebian } from '../../../../tools/real/debian.ts';
import { freePort } from '../../../../tools/real/free-port.ts';
import { ensureTelegraf } from '../../../../tools/real/telegraf.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const HARDENING = '/etc/systemd/system/telegraf.service.d/10-robowatch-hardening.conf';
/** Those that are told once a minute come after two. */
const wait = { timeout: 150_000, interval: 1_000 };
const dir = mkdtempSync(join(tmpdir(), 'robowatch-hardening-'));
let debian: Awaited<ReturnType<typeof startDebian>>;
let server: ServerProcess;
let admin: string;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const env = { DATA_DIR: dir, PUBLIC_URL: url, WEB_PORT: String(port), PAIR_POLL_INTERVAL: '1' };
  server = await launch({ env });
  admin = await server.signIn();
  debian = await startDebian({ hostname: 'rover-8', telegraf: await ensureTelegraf(), diskMegabytes: 64 });
  // A disk of its own at /home, and one at a folder that the service sees read-only.
  await debian.run('mkdir -p /srv/data; for at in /home /srv/data; do mount --bind /var/lib/robowatch-agent $at; done');
  const settings = 'ROBOWATCH_FLUSH=1s\nROBOWATCH_FLUSH_JITTER=1ms\nROBOWATCH_LISTEN=off\n';
  writeFileSync(join(debian.root, 'etc/default/telegraf'), settings);
});
afterAll(async () => {
  await debian?.stop();
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

const read = async (path: string) => (await server.call('GET', `/robots${path}`, { token: admin })).body;

/** Runs the installer, and confirms the code if it shows one. @returns its output */
async function install(options = '') {
  const child = await debian.shell(`curl -fsSL ${url}/install.sh | sh -s -- ${options}`);
  const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
  while (!shown() && !child.hasExited()) await sleep(100);
  const [, left, right] = shown() ?? [];
  if (left) await server.call('POST', `/pair/${left}${right}/confirm`, { token: admin, body: {} });
  await child.exited;
  expect(child.exitCode(), child.output()).toBe(0);
  return child.output();
}

/** Processes come and go, and so do interfaces of other programs of this machine. */
const CHANGING = ['process', 'net'];

/** Every field with its tags that the newest robot sends. */
async function measured(): Promise<string[]> {
  const id = Math.max(...(await read('')).items.map((one: { id: number }) => one.id));
  const { items } = await read(`/${id}/metrics`);
  const lists = await Promise.all(
    items.map(async ({ measurement, fields }: { measurement: string; fields: { field: string }[] }) => {
      const names = fields.map(({ field }) => field).join();
      const { series } = await read(`/${id}/metrics/${measurement}?from=-10m&fn=last&fields=${names}`);
      return series.map(({ field, tags }: { field: string; tags: object }) =>
        CHANGING.includes(measurement)
          ? `${measurement} ${field}`
          : [measurement, field, ...Object.values(tags)].join(' '),
      );
    }),
  );
  const { items: logs } = await read(`/${id}/logs?from=-10m&program=lab`);
  return [...new Set([...lists.flat(), ...logs.map(({ message }: { message: string }) => `log ${message}`)])].sort();
}
/** What comes at last: the second minute's processes, and the journal. */
const isWhole = expect.arrayContaining([
  'process cpu_percent',
  'process memory_bytes',
  'log hello',
  'inventory kernel',
]);
const all = async () => {
  await debian.run('systemd-cat -t lab echo hello');
  await expect.poll(measured, wait).toEqual(isWhole);
  return measured();
};

it('measures with it what is measured without it, the disks of all folders included', async () => {
  await debian.run(`mkdir -p ${HARDENING.replace(/[^/]*$/, '')}; ln -s /dev/null ${HARDENING}`);
  await install();
  expect((await debian.run(`readlink ${HARDENING}`)).output).toBe('/dev/null\n');
  const without = await all();
  expect(without).toEqual(expect.arrayContaining([expect.stringMatching(/^disk free .*\/home/)]));
  await debian.run(`rm ${HARDENING}`);
  const output = await install('--pair-again');
  expect(output).not.toContain('runs without');
  const shown = await debian.run(
    'systemctl show telegraf -p NoNewPrivileges -p ProtectSystem -p CapabilityBoundingSet',
  );
  expect(shown.output.split('\n').sort()).toEqual(
    expect.arrayContaining(['CapabilityBoundingSet=', 'NoNewPrivileges=yes', 'ProtectSystem=strict']),
  );
  expect(await all()).toEqual(without);
}, 600_000);

it('is in force, for inputs of the owner, too', async () => {
  const status = await debian.run('cat /proc/$(systemctl show --property=MainPID --value telegraf)/status');
  expect(status.output).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status.output).toMatch(/^Seccomp:\t2$/m);
  expect(status.output).toMatch(/^CapBnd:\t0+$/m);
  const tries = {
    read: 'cat /home/note',
    write: 'touch /srv/open/new',
    namespace: 'unshare --user true',
    tmp: 'ls /tmp/note',
  };
  const fields = Object.entries(tries).map(
    ([name, command]) => `$(${command} >/dev/null 2>&1 && echo ${name}=true || echo ${name}=false)`,
  );
  writeFileSync(join(debian.root, 'srv/try.sh'), `echo "tried ${fields.join()}"\n`);
  const input = '[[inputs.exec]]\n  commands = ["sh /srv/try.sh"]\n  data_format = "influx"\n';
  writeFileSync(join(debian.root, 'etc/telegraf/telegraf.d/own.conf'), input);
  const tried = async () => {
    const id = Math.max(...(await read('')).items.map((one: { id: number }) => one.id));
    const { series } = await read(`/${id}/metrics/tried?from=-10s&fn=last&fields=${Object.keys(tries).join()}`);
    return Object.fromEntries(
      (series ?? []).map(({ field, points }: { field: string; points: unknown[][] }) => [field, points.at(-1)?.[1]]),
    );
  };
  await debian.run('mkdir -m 777 /srv/open; echo x >/home/note; echo x >/tmp/note; systemctl restart telegraf');
  await expect.poll(tried, wait).toEqual({ read: true, write: false, namespace: false, tmp: false });
  await debian.run(`ln -sf /dev/null ${HARDENING}; systemctl daemon-reload; systemctl restart telegraf`);
  await expect.poll(tried, wait).toMatchObject({ read: true, write: true, tmp: true });
  await install();
  expect(await tried()).toMatchObject({ write: true });
  await debian.run(`rm ${HARDENING} /etc/telegraf/telegraf.d/own.conf`);
  await install();
});

it('keeps what cannot be sent on the disk, and takes what is in memory there when Telegraf ends', async () => {
  const spool = async () => (await debian.run('ls /var/lib/robowatch-agent/spool')).output;
  await debian.run("sed -i 's#^ROBOWATCH_URL=.*#ROBOWATCH_URL=http://127.0.0.1:1#' /etc/default/telegraf");
  await debian.run('rm -rf /var/lib/robowatch-agent/spool/*; systemctl restart telegraf');
  await sleep(15_000);
  await debian.run('systemctl stop telegraf');
  expect(await spool()).toMatch(/^\d{10}\.\d+\.\d+$/m);
  expect((await debian.run('ls /run/robowatch-agent')).output).not.toMatch(/^(now|part)/m);
  expect((await debian.run('systemctl is-failed telegraf')).output).toBe('inactive\n');
});
