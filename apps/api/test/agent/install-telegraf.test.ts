import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAptRepository } from '../../../../tools/real/apt-repository.ts';
import { makeCertificates } from '../../../../tools/real/certificates.ts';
import { startDebian } from '../../../../tools/real/debian.ts';
import { ensureTelegraf } from '../../../../tools/real/telegraf.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-install-telegraf-'));
let debian: Awaited<ReturnType<typeof startDebian>>;
let repository: Awaited<ReturnType<typeof startAptRepository>>;
let server: ServerProcess;
let admin: string;
const wait = { timeout: 60_000, interval: 500 };

/** Runs the installer with packages from our repository, trusting the key with this fingerprint. */
async function install(fingerprint: string, options = '') {
  const { body, status } = await fetch(`${server.origin}/install.sh`);
  expect(status).toBe(200);
  const script = (await new Response(body).text())
    .replace(/^REPOSITORY='.*'$/m, `REPOSITORY='${repository.url}'`)
    .replace(/^REPOSITORY_KEY='.*'$/m, `REPOSITORY_KEY='${fingerprint}'`);
  writeFileSync(join(debian.root, 'root/install.sh'), script);
  const child = await debian.shell(`sh /root/install.sh --url ${server.origin} ${options}`);
  const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
  while (!shown() && !child.hasExited()) await sleep(100);
  const [, left, right] = shown() ?? [];
  if (left) await server.call('POST', `/pair/${left}${right}/confirm`, { token: admin, body: {} });
  await child.exited;
  return { code: child.exitCode(), output: child.output() };
}

beforeAll(async () => {
  server = await launch({ env: { DATA_DIR: join(dir, 'data'), PAIR_POLL_INTERVAL: '1' } });
  admin = await server.signIn();
  const tls = await makeCertificates(join(dir, 'certificates'));
  repository = await startAptRepository(dir, await ensureTelegraf(), tls);
  debian = await startDebian({ hostname: 'fresh' });
  writeFileSync(join(debian.root, 'usr/local/share/ca-certificates/lab.crt'), tls.ca);
  // Debian's own packages are all installed, so nothing is fetched from elsewhere.
  await debian.run('update-ca-certificates; : >/etc/apt/sources.list');
});
afterAll(async () => {
  await debian?.stop();
  repository?.stop();
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

it('trusts only the key with the known fingerprint', async () => {
  const { code, output } = await install('0123456789ABCDEF0123456789ABCDEF01234567');
  expect([code, output]).toEqual([1, expect.stringContaining('nothing was installed')]);
  expect((await debian.run('command -v telegraf; ls /etc/apt/sources.list.d')).output).toBe('');
});

it('installs Telegraf from its signed repository, and the robot reports', async () => {
  const { code, output } = await install(repository.fingerprint);
  expect([code, output]).toEqual([0, expect.stringContaining('Done: the first report was accepted')]);
  const seen = async () => (await server.call('GET', '/robots', { token: admin })).body.items[0];
  await expect.poll(async () => (await seen())?.latest.memory_percent, wait).not.toBeNull();
  expect(await seen()).toMatchObject({ name: 'fresh', agent_version: '1.37.2' });
  // The package's sample configuration would measure everything twice.
  const conf = readFileSync(join(debian.root, 'etc/telegraf/telegraf.conf'), 'utf8');
  expect(conf).toBe('# Robowatch: the configuration is in telegraf.d/\n');
});

it('removes what it installed', async () => {
  const { code } = await install(repository.fingerprint, '--uninstall');
  const left =
    'command -v telegraf; ls /etc/apt/sources.list.d /usr/share/keyrings | grep robowatch; ls /var/lib/robowatch-agent';
  expect([code, (await debian.run(`${left} 2>/dev/null`)).output]).toEqual([0, '']);
});
