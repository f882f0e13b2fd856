import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAptRepository } from '../../../../tools/real/apt-repository.ts';
import { makeCertificates } from '../../../../tools/real/certificates.ts';
import { startDebian } from '../../../../tools/real/debian.ts';
import { freePort } from '../../../../tools/real/free-port.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-install-telegraf-'));
let debian: Awaited<ReturnType<typeof startDebian>>;
let repository: Awaited<ReturnType<typeof startAptRepository>>;
let server: ServerProcess;
let admin: string;
const wait = { timeout: 60_000, interval: 500 };

/** Runs the installer with packages from our repository, trusting the key with this fingerprint. */
async function install(fingerprint: string, options = '', hasPackages = false) {
  const { body, status } = await fetch(`${server.origin}/install.sh`);
  expect(status).toBe(200);
  const script = (await new Response(body).text())
    .replace(/^REPOSITORY='.*'$/m, `REPOSITORY='${repository.url}'`)
    .replace(/^REPOSITORY_KEY='.*'$/m, `REPOSITORY_KEY='${fingerprint}'`)
    .replace(/^[0-9a-f]{64} {2}telegraf-\w+\.deb(?='?$)/gm, hasPackages ? '$&' : '');
  writeFileSync(join(debian.root, 'root/install.sh'), script);
  return run(`sh /root/install.sh --url ${server.origin} ${options}`);
}

/** Runs a command, and confirms the code that it shows. */
async function run(command: string) {
  const child = await debian.shell(command);
  const shown = () => /Pairing code: {2}(\d{4}) (\d{4})/.exec(child.output());
  while (!shown() && !child.hasExited()) await sleep(100);
  const [, left, right] = shown() ?? [];
  if (left) await server.call('POST', `/pair/${left}${right}/confirm`, { token: admin, body: {} });
  await child.exited;
  return { code: child.exitCode(), output: child.output() };
}

beforeAll(async () => {
  const tls = await makeCertificates(join(dir, 'certificates'));
  repository = await startAptRepository(dir, tls);
  const port = await freePort();
  const address = { PUBLIC_URL: `http://127.0.0.1:${port}`, WEB_PORT: String(port) };
  const env = { DATA_DIR: join(dir, 'data'), PAIR_POLL_INTERVAL: '1', AGENT_PACKAGES: join(dir, 'site/debian') };
  server = await launch({ env: { ...env, ...address } });
  admin = await server.signIn();
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
  expect([code, output]).toEqual([9, expect.stringContaining('nothing was installed')]);
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

/** Nothing outside the server is reached: the repository's key is not the known one. */
const OFFLINE = '0123456789ABCDEF0123456789ABCDEF01234567';

it('gets Telegraf from the server, where its operator has put it', async () => {
  const { code, output } = await install(OFFLINE, '', true);
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/Getting Telegraf from .*Done: the first report was accepted/s),
  ]);
  expect((await install(OFFLINE, '--uninstall')).code).toBe(0);
  expect((await debian.run('command -v telegraf')).output).toBe('');
});

it('installs the package that it is given, and says so when it is none', async () => {
  const [name] = readdirSync(join(dir, 'site/debian')).filter((one) => one.endsWith('.deb'));
  copyFileSync(join(dir, 'site/debian', name as string), join(debian.root, 'root/telegraf.deb'));
  writeFileSync(join(debian.root, 'root/other.deb'), 'no package');
  const broken = await install(OFFLINE, '--telegraf /root/other.deb');
  expect([broken.code, broken.output]).toEqual([9, expect.stringContaining('Telegraf could not be installed')]);
  const { code, output } = await install(OFFLINE, '--telegraf /root/telegraf.deb');
  expect([code, output]).toEqual([0, expect.stringContaining('Done: the first report was accepted')]);
});

describe('a bundle', () => {
  const env = () => ({ PATH: process.env.PATH, DATA_DIR: join(dir, 'data'), PUBLIC_URL: server.origin });
  const BUNDLE = join(import.meta.dirname, '../../src/commands/agent-bundle.ts');
  /** Makes one of the packages in the folder, and unpacks it on the robot. */
  async function unpack(packages: string, args: string[] = [], settings: Record<string, string> = {}) {
    const out = join(debian.root, 'root/bundle.tar.gz');
    const options = { env: { ...env(), AGENT_PACKAGES: packages, ...settings } };
    const { stderr } = await promisify(execFile)(process.execPath, [BUNDLE, '--out', out, ...args], options);
    await debian.run('rm -rf /root/robowatch-agent; cd /root && tar -xzf bundle.tar.gz && rm bundle.tar.gz');
    return stderr;
  }
  const INSTALL = 'cd /root/robowatch-agent && sh install.sh';

  it('installs with no other network than the server, of which it only pairs and reports', async () => {
    expect((await install(OFFLINE, '--uninstall')).code).toBe(0);
    expect(await unpack(join(dir, 'site/debian'))).toContain(`A bundle for ${server.origin} with Telegraf for `);
    // Refuses other servers, and whatever could ask them.
    const asked = '/var/log/asked';
    writeFileSync(
      join(debian.root, 'usr/local/bin/curl'),
      `#!/bin/sh\ncat >/tmp/config; sed -n 's/^url = //p' /tmp/config >>${asked}\ngrep -q '^url = "${server.origin}/' /tmp/config && exec /usr/bin/curl "$@" </tmp/config\nexit 6\n`,
      { mode: 0o755 },
    );
    for (const name of ['apt-get', 'wget', 'gpg'])
      writeFileSync(join(debian.root, `usr/local/bin/${name}`), `#!/bin/sh\necho ${name} >>${asked}\nexit 1\n`, {
        mode: 0o755,
      });
    const { code, output } = await run(INSTALL);
    expect([code, output]).toEqual([0, expect.stringContaining('Done: the first report was accepted')]);
    expect(output).not.toContain('another version');
    const urls = new Set((await debian.run(`cat ${asked}`)).output.trim().split('\n'));
    const others = [...urls].filter((one) => !/\/api\/(health|pair)|\/agent\/qr\/|\/install\.sh"$/.test(one));
    expect(others).toEqual([]);
    expect((await debian.run('systemctl is-active telegraf')).output).toBe('active\n');
    await debian.run('rm /usr/local/bin/curl /usr/local/bin/apt-get /usr/local/bin/wget /usr/local/bin/gpg');
  });

  it('says when it is of another version, or another server', async () => {
    await unpack(join(dir, 'site/debian'), [], { PUBLIC_URL: 'http://old.lab.example' });
    const { code, output } = await run(`${INSTALL} --url ${server.origin}`);
    expect([code, output]).toEqual([0, expect.stringContaining('this bundle is of another version of')]);
  });

  it('goes on without the hardening where the service does not start with it', async () => {
    await unpack(join(dir, 'site/debian'));
    const { output: changed } = await debian.run(
      `cd /root/robowatch-agent && echo RootDirectory=/nowhere >>agent/hardening.conf &&
       sed -i "s/[0-9a-f]*  hardening.conf/$(sha256sum agent/hardening.conf | cut -c 1-64)  hardening.conf/" install.sh`,
    );
    expect(changed).toBe('');
    const { code, output } = await run(INSTALL);
    expect([code, output]).toEqual([0, expect.stringMatching(/with the hardening of its service, so it runs without/)]);
    expect((await debian.run('ls /etc/systemd/system/telegraf.service.d')).output).toBe('robowatch.conf\n');
  });

  it('says when it is not for this computer, or not whole', async () => {
    expect((await install(OFFLINE, '--uninstall')).code).toBe(0);
    const packages = join(dir, 'other');
    mkdirSync(packages);
    writeFileSync(join(packages, 'telegraf_1.37.2-1_armhf.deb'), 'for another');
    await unpack(packages);
    const other = await run(INSTALL);
    expect([other.code, other.output]).toEqual([
      9,
      expect.stringMatching(/This bundle has Telegraf for armhf, and this computer is (amd64|arm64)\. /),
    ]);
    await unpack(join(dir, 'site/debian'));
    await debian.run('echo "# changed" >>/root/robowatch-agent/agent/board.sh');
    const changed = await run(INSTALL);
    expect([changed.code, changed.output]).toEqual([8, expect.stringContaining('do not match the checksums')]);
    await debian.run('rm /root/robowatch-agent/agent/board.sh');
    const less = await run(INSTALL);
    expect([less.code, less.output]).toEqual([8, expect.stringContaining('is not whole: board.sh is missing')]);
    expect((await debian.run('command -v telegraf')).output).toBe('');
  });

  it('is not made without the package that is asked for', async () => {
    const made = unpack(join(dir, 'other'), ['--arch', 'arm64']);
    await expect(made).rejects.toThrow(/no package of Telegraf for arm64 to put into it \(there is: armhf\)/);
  });
});
