import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../../../tools/real/certificates.ts';
import { startDebian } from '../../../../tools/real/debian.ts';
import { freePort } from '../../../../tools/real/free-port.ts';
import { ensureTelegraf } from '../../../../tools/real/telegraf.ts';
import { createLossyLine } from '../support/lossy-line.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';

type Debian = Awaited<ReturnType<typeof startDebian>>;
const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
const wait = { timeout: 60_000, interval: 500 };

const dir = mkdtempSync(join(tmpdir(), 'robowatch-install-'));
let debian: Debian;
let server: ServerProcess;
let tlsUrl: string;
const ends: (Server | TlsServer)[] = [];
let admin: string;
let url: string;
let line: ReturnType<typeof createLossyLine>;

async function listen(end: Server | TlsServer, port: number) {
  ends.push(end);
  await once(end.listen(port, '127.0.0.1'), 'listening');
}

const file = (path: string) => join(debian.root, path);
const text = (path: string) => readFileSync(file(path), 'utf8');
const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text('etc/default/telegraf'))?.[1];
const robots = async () => (await server.call('GET', '/robots', { token: admin })).body.items;
type Robot = { id: number; name: string; status: string };
const ids = async () => (await robots()).map(({ id }: Robot) => id).sort();
/** This Debian's current robot, the one confirmed last. */
const current = async (): Promise<Robot> =>
  (await robots()).filter(({ status }: Robot) => status === 'active').sort((a: Robot, b: Robot) => b.id - a.id)[0];
const read = async (id: number, path: string) =>
  (await server.call('GET', `/robots/${id}${path}`, { token: admin })).body;

/** Runs the installer as its first line instructs, and confirms the code it shows, or the one that follows `others`. */
async function install(options = '', others = 0, confirmation: object = {}) {
  const child = await debian.shell(`curl -fsSL ${url}/install.sh | sh -s -- ${options}`);
  const shown = () => [...child.output().matchAll(/Pairing code: {2}(\d{4}) (\d{4})/g)][others];
  while (!shown() && !child.hasExited()) await sleep(100);
  const [, left, right] = shown() ?? [];
  if (left) {
    const preview = await server.call('GET', `/pair/${left}${right}`, { token: admin });
    expect(preview.body).toMatchObject({ hostname: 'rover-7', architecture: ARCHITECTURE, address: '127.0.0.1' });
    await server.call('POST', `/pair/${left}${right}/confirm`, { token: admin, body: confirmation });
  }
  await child.exited;
  return { code: child.exitCode(), output: child.output(), paired: left !== undefined };
}

beforeAll(async () => {
  const [port, tlsPort, webPort] = [await freePort(), await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  tlsUrl = `https://127.0.0.1:${tlsPort}`;
  const env = { DATA_DIR: dir, PUBLIC_URL: url, WEB_PORT: String(webPort), PAIR_POLL_INTERVAL: '1' };
  server = await launch({ env });
  admin = await server.signIn();
  line = createLossyLine(webPort);
  const certificates = await makeCertificates(join(dir, 'certificates'));
  await listen(createServer(line.carry), port);
  await listen(createTlsServer(certificates, line.carry), tlsPort);
  debian = await startDebian({ hostname: 'rover-7', telegraf: await ensureTelegraf() });
  writeFileSync(file('root/lab-ca.crt'), certificates.ca);
  // The owner's earlier settings are kept; these make Telegraf fast enough for a test.
  writeFileSync(file('etc/default/telegraf'), 'ROBOWATCH_FLUSH=1s\nTELEGRAF_OPTS=--quiet\n');
  // Records every argument passed to curl.
  writeFileSync(
    file('usr/local/bin/curl'),
    '#!/bin/sh\necho "$@" >>/var/log/curl-arguments\nexec /usr/bin/curl "$@"\n',
    {
      mode: 0o755,
    },
  );
});
afterAll(async () => {
  await debian?.stop();
  for (const end of ends) end.close();
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

describe('install.sh', () => {
  it('does nothing when its download is cut off at any point', async () => {
    const script = await (await fetch(`${url}/install.sh`)).text();
    writeFileSync(file('root/install.sh'), script);
    const { output } = await debian.run(
      `size=$(wc -c </root/install.sh)
       for cut in $(seq 0 331 "$size") $(seq $((size - 25)) $((size - 2))); do
         head -c "$cut" /root/install.sh | timeout 5 sh 2>/dev/null
       done
       ls -d /etc/telegraf/telegraf.d /usr/lib/robowatch-agent /var/lib/robowatch-agent 2>/dev/null`,
    );
    expect(output).toBe('');
    expect(await robots()).toEqual([]);
  });

  it('makes a Debian with systemd a robot, even if replies get lost', async () => {
    line.loseTokens('lost', 'bad gateway');
    const { code, output, paired } = await install('--name "Rover, \\"north\\""');
    expect([code, paired], output).toEqual([0, true]);
    expect(line.left()).toBe(0);
    expect(output).toContain('Done: the first report was accepted, and the robot "Rover, "north"" keeps reporting');
    expect(output).toContain(`${url}/pair?code=`);
    expect(output).toMatch(/[▀▄█]/);
    const [robot] = await robots();
    expect(robot).toMatchObject({ name: 'Rover, "north"', hostname: 'rover-7', architecture: ARCHITECTURE });
    await expect.poll(async () => (await robots())[0].online, wait).toBe(true);
    await expect.poll(async () => (await robots())[0].latest.cpu_percent, wait).not.toBeNull();

    await debian.run('systemd-cat -t nav2 -p warning echo "Goal reached: dock 3"');
    const found = async () => (await read(robot.id, '/logs?program=nav2')).items;
    await expect.poll(found, wait).toMatchObject([{ level: 'warning', message: 'Goal reached: dock 3' }]);
  });

  it('keeps the token readable by root only, earlier settings intact, and secrets out of arguments', async () => {
    const { mode, uid } = statSync(file('etc/default/telegraf'));
    expect([mode & 0o777, uid]).toEqual([0o600, 0]);
    expect([setting('ROBOWATCH_FLUSH'), setting('TELEGRAF_OPTS')]).toEqual(['1s', '--quiet']);
    expect(setting('ROBOWATCH_TOKEN')).toMatch(/^[\w-]{43}$/);
    const curl = text('var/log/curl-arguments');
    expect(curl.split('\n').length).toBeGreaterThan(5);
    expect(curl).not.toMatch(/Bearer|[\w-]{43}/);
    const { output } = await debian.run(
      'id -nG telegraf; systemctl is-enabled telegraf; cat /etc/telegraf/telegraf.conf',
    );
    expect(output).toBe('telegraf systemd-journal\nenabled\n# Robowatch: the configuration is in telegraf.d/\n');
  });

  it('waits as long as it is told to, and uses another code when one is in use or has expired', async () => {
    const busy = { status: 429, headers: { 'retry-after': '2' } };
    line.answer(
      { to: /^\/api\/pair$/, ...busy },
      { to: /^\/api\/pair$/, status: 409 },
      { to: /status$/, ...busy },
      { to: /status$/, status: 200, body: { status: 'expired' } },
    );
    const began = Date.now();
    const { code, output } = await install('--pair-again', 1);
    expect([code, output]).toEqual([0, expect.stringContaining('The code has expired. Here is a new one.')]);
    expect(output).toContain('trying again in 2 s');
    expect(line.left()).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(4_000);
    expect((await current()).name).toBe('rover-7');
  });

  it('keeps the robot’s identity when run again', async () => {
    const [token, before] = [setting('ROBOWATCH_TOKEN'), await ids()];
    const { code, output, paired } = await install();
    expect([code, paired], output).toEqual([0, false]);
    expect(output).toContain('keeps its identity');
    expect(setting('ROBOWATCH_TOKEN')).toBe(token);
    expect(await ids()).toEqual(before);
  });

  it('says why the robot is refused, and pairs again when asked to', async () => {
    const { id } = await current();
    await server.call('DELETE', `/robots/${id}`, { token: admin });
    const refused = await install();
    expect([refused.code, refused.output]).toEqual([11, expect.stringContaining('does not accept this robot')]);
    const again = await install('--pair-again');
    expect([again.code, again.paired], again.output).toEqual([0, true]);
    expect((await current()).id).toBeGreaterThan(id);
  });

  it('goes on as the robot that it was, when it is paired anew as its replacement', async () => {
    const { id } = await current();
    const before = setting('ROBOWATCH_TOKEN');
    const again = await install('--pair-again', 0, { replaces: id });
    expect([again.code, again.paired], again.output).toEqual([0, true]);
    expect(setting('ROBOWATCH_TOKEN')).not.toBe(before);
    expect(await current()).toMatchObject({ id, replaced: { hostname: 'rover-7' } });
  });

  it('tells the kernel’s boot id, which is the service’s and not a setting', async () => {
    const { output } = await debian.run(
      `pid=$(systemctl show --property=MainPID --value telegraf)
       tr '\\0' '\\n' <"/proc/$pid/environ" | grep '^ROBOWATCH_BOOT='; tr -d - </proc/sys/kernel/random/boot_id`,
    );
    const [told, boot] = output.trim().split('\n');
    expect(told).toBe(`ROBOWATCH_BOOT=${boot}`);
    expect(setting('ROBOWATCH_BOOT')).toBeUndefined();
  });

  it.each([
    ['--url ftp://x', 2, 'Get this script from your server'],
    ['--url http://127.0.0.1:1', 4, 'http://127.0.0.1:1 cannot be reached'],
    ['--url http://[::1]:1', 4, 'http://[::1]:1 cannot be reached'],
    ['--url', 2, '--url needs a value'],
    ['--ca /nowhere', 2, '--ca /nowhere cannot be read'],
    ['--telegraf /nowhere', 2, '--telegraf /nowhere cannot be read'],
    ['--frobnicate', 2, 'Unknown option --frobnicate'],
  ])('refuses %s with code %i and a clear message', async (options, expected, sentence) => {
    const { code, output } = await install(options);
    expect([code, output]).toEqual([expected, expect.stringContaining(sentence)]);
  });

  it('ends with 8 at another server, and at one that is older than the script', async () => {
    line.answer({ to: /^\/api\/health$/, status: 200 }, { to: /^\/api\/health$/, status: 200 });
    const other = await install();
    expect([other.code, other.output]).toEqual([8, expect.stringContaining('does not seem to be a Robowatch server')]);
    line.answer({ to: /^\/agent\/board.sh$/, status: 404 });
    const older = await install();
    expect([older.code, older.output]).toEqual([8, expect.stringContaining('the server is older than this script')]);
  });

  it('tells a clock that is wrong, and sets it when asked to', async () => {
    // The clock is that of all of this machine.
    writeFileSync(
      file('usr/local/bin/date'),
      '#!/bin/sh\ncase "$*" in *-s*) echo "$@" >>/var/log/clock ;; *) exec /bin/date "$@" ;; esac\n',
      { mode: 0o755 },
    );
    const theirs = Math.floor(Date.now() / 1000) - 3 * 86_400;
    const health = { to: /^\/api\/health$/, status: 200, body: { status: 'ok' } };
    const wrong = { ...health, headers: { date: new Date(theirs * 1000).toUTCString() } };
    line.answer(wrong);
    const told = await install();
    expect([told.code, told.output]).toEqual([6, expect.stringContaining(`date -u -s '@${theirs}'`)]);
    expect(told.output).toContain("This computer's clock is wrong: it says ");
    line.answer(wrong);
    const set = await install('--yes');
    expect(set.code, set.output).toBe(0);
    expect(text('var/log/clock')).toBe(`-u -s @${theirs}\n`);
    rmSync(file('usr/local/bin/date'));
  });

  it('ends with 7 when the disk is read-only or full, and has changed nothing', async () => {
    const before = await debian.run('ls -lR /etc/telegraf /usr/lib/robowatch-agent; cat /etc/default/telegraf');
    await debian.run('mount --bind /usr/local /usr/local && mount -o remount,ro,bind /usr/local');
    const readOnly = await install();
    await debian.run('umount -l /usr/local');
    expect([readOnly.code, readOnly.output]).toEqual([7, expect.stringContaining('/usr/local cannot be written to')]);
    const df = '#!/bin/sh\necho head; echo "disk 9 9 100 99% /"\n';
    writeFileSync(file('usr/local/bin/df'), df, { mode: 0o755 });
    const full = await install();
    rmSync(file('usr/local/bin/df'));
    expect([full.code, full.output]).toEqual([7, expect.stringContaining('has 0 MB left; 19 are needed')]);
    expect(await debian.run('ls -lR /etc/telegraf /usr/lib/robowatch-agent; cat /etc/default/telegraf')).toEqual(
      before,
    );
  });

  it('goes on with a pairing that was interrupted', async () => {
    const killed = await debian.run(`curl -fsSL ${url}/install.sh | timeout --signal=KILL 10 sh -s -- --pair-again`);
    const code = /Pairing code: {2}(\d{4}) (\d{4})/.exec(killed.output)?.slice(1).join('');
    const { mode, uid } = statSync(file('etc/telegraf/robowatch-pairing'));
    expect([mode & 0o777, uid]).toEqual([0o600, 0]);
    await server.call('POST', `/pair/${code}/confirm`, { token: admin, body: { name: 'patient' } });
    const again = await debian.run(`curl -fsSL ${url}/install.sh | sh -s -- --pair-again`);
    expect(/\((\d+) minutes\)/.exec(again.output)?.[1]).toBe(/\((\d+) minutes\)/.exec(killed.output)?.[1]);
    expect([again.code, again.output]).toEqual([
      0,
      expect.stringMatching(/Going on with the pairing that was interrupted.*robot "patient" keeps reporting/s),
    ]);
    expect((await debian.run('ls /etc/telegraf/robowatch-pairing')).code).not.toBe(0);
  });

  it('leaves the robot reporting when it is interrupted at the first report', async () => {
    const folders = (await debian.run('ls -d /tmp/tmp.*')).output;
    const child = await debian.shell(`curl -fsSL ${url}/install.sh >/root/i.sh; exec sh /root/i.sh`);
    await expect.poll(() => child.output(), { interval: 20, timeout: 60_000 }).toContain('Sending the first report');
    await debian.run("pkill -HUP -f '^sh /root/i.sh'");
    await child.exited;
    expect(child.output()).toContain('Interrupted. Run this again to go on.');
    expect((await debian.run('systemctl is-active telegraf')).output).toBe('active\n');
    // The token was in it.
    expect((await debian.run('ls -d /tmp/tmp.*')).output).toBe(folders);
  });

  it('runs once at a time', async () => {
    const child = await debian.shell(`curl -fsSL ${url}/install.sh >/root/i.sh; exec sh /root/i.sh --pair-again`);
    await expect.poll(() => child.output(), { timeout: 60_000 }).toContain('Pairing code');
    const other = await install();
    expect([other.code, other.output]).toEqual([1, expect.stringContaining('Another install.sh is at work')]);
    await debian.run("pkill -INT -f '^sh /root/i.sh'");
    await child.exited;
    expect((await install()).code).toBe(0);
    await debian.run('rm -f /etc/telegraf/robowatch-pairing');
  });

  it('robowatch-agent tells how the robot does, and what is wrong', async () => {
    const status = await debian.run('robowatch-agent status');
    expect(status.output).toContain('paired; the server accepts its reports');
    expect(status.output).toMatch(/^Telegraf +1\.\d+\.\d+, running since /m);
    expect(status.output).toMatch(/^Waiting +\d+ points on the disk, [^,]*$/m);
    expect(status.output).toMatch(/^Lost +0 points/m);
    const well = await debian.run('robowatch-agent doctor');
    expect(well.output).toContain('ok     the server accepts this robot');
    expect(well.output).toContain('ok     the clock agrees with the server');
    await debian.run('systemctl stop telegraf; mv /usr/lib/robowatch-agent/board.sh /root/');
    const ill = await debian.run('robowatch-agent doctor');
    await debian.run('mv /root/board.sh /usr/lib/robowatch-agent/; systemctl start telegraf');
    expect(ill.code).toBe(1);
    expect(ill.output).toMatch(/^WRONG {2}Telegraf is not running\n +systemctl start telegraf/m);
    expect(ill.output).toContain('WRONG  /usr/lib/robowatch-agent/board.sh is missing');
    // Ten days behind, as far as it tells.
    const behind = '#!/bin/sh\ncase $* in +%s) echo $(($(/bin/date +%s) - 864000)) ;; *) exec /bin/date "$@" ;; esac\n';
    writeFileSync(file('usr/local/bin/date'), behind, { mode: 0o755 });
    expect((await debian.run('robowatch-agent status')).output).toMatch(/^Clock +10 days behind the server's$/m);
    expect((await debian.run('robowatch-agent doctor')).output).toContain(
      "WRONG  the clock is 10 days behind the server's",
    );
    rmSync(file('usr/local/bin/date'));
    await debian.run("sed -i.kept 's#^ROBOWATCH_URL=.*#ROBOWATCH_URL=http://127.0.0.1:1#' /etc/default/telegraf");
    const away = await debian.run('robowatch-agent status');
    await debian.run('mv /etc/default/telegraf.kept /etc/default/telegraf');
    expect(away.output).toMatch(/^Robot +paired; the server cannot be reached now/m);
    expect(away.output).toMatch(/^Waiting +\d+ points on the disk, .*, and the last minutes in memory$/m);
    expect(away.output).not.toMatch(/^Clock/m);
    expect((await debian.run('robowatch-agent')).code).toBe(2);
    expect((await debian.run('runuser -u telegraf -- robowatch-agent status')).code).toBe(3);
    expect(text('var/log/curl-arguments')).not.toMatch(/Bearer|[\w-]{43}/);
  });

  it('installs no file with a wrong checksum', async () => {
    const { code, output } = await debian.run(
      `curl -fsSL ${url}/install.sh | sed 's/^[0-9a-f]\\{8\\}\\([0-9a-f]*  journal.sh\\)/00000000\\1/' | sh`,
    );
    expect([code, output]).toEqual([8, expect.stringContaining('do not match the checksums in this script')]);
  });

  it('uninstalls everything of its own, and nothing else', async () => {
    const { code, output } = await install('--uninstall');
    expect([code, output]).toEqual([0, expect.stringContaining('The agent has been removed')]);
    expect(text('etc/default/telegraf')).toBe('ROBOWATCH_FLUSH=1s\nTELEGRAF_OPTS=--quiet\n');
    const left = await debian.run(
      'systemctl is-active telegraf; id -nG telegraf; ls /etc/telegraf/telegraf.d; ls -d /usr/local/bin/robowatch-agent /usr/lib/robowatch-agent /var/lib/robowatch-agent /run/robowatch-agent* /etc/systemd/system/telegraf.service.d 2>/dev/null',
    );
    expect(left.output).toBe('inactive\ntelegraf\n');
  });

  it('reports over TLS to a server with a certificate from a private CA', async () => {
    const before = (await robots()).length;
    const distrusted = await install(`--url ${tlsUrl}`);
    expect([distrusted.code, distrusted.output]).toEqual([
      5,
      expect.stringMatching(/cannot be reached: .*certificate/),
    ]);
    const { code, output } = await install(`--url ${tlsUrl} --ca /root/lab-ca.crt --name secured`);
    expect([code, output]).toEqual([0, expect.stringContaining(`keeps reporting to ${tlsUrl}`)]);
    expect(output).not.toContain('not encrypted');
    expect(setting('ROBOWATCH_CA')).toBe('/etc/telegraf/robowatch-ca.crt');
    const secured = async () => (await robots()).find(({ name }: { name: string }) => name === 'secured');
    await expect.poll(async () => (await secured()).latest.memory_percent, wait).not.toBeNull();
    // The CA is stored, so the update needs no option.
    expect((await install(`--url ${tlsUrl}`)).code).toBe(0);
    expect((await robots()).length).toBe(before + 1);
  });

  it('drops a private CA when the server has moved to a publicly trusted certificate', async () => {
    writeFileSync(file('etc/telegraf/robowatch-ca.crt'), (await makeCertificates(join(dir, 'former'))).ca);
    expect((await install(`--url ${tlsUrl}`)).output).toMatch(/cannot be reached: .*certificate/);
    expect(setting('ROBOWATCH_CA')).toBe('/etc/telegraf/robowatch-ca.crt');
    const trusted = '/usr/local/share/ca-certificates/lab.crt';
    await debian.run(`cp /root/lab-ca.crt ${trusted} && update-ca-certificates`);
    const { code, output } = await install(`--url ${tlsUrl}`);
    expect([code, output]).toEqual([0, expect.stringContaining(`keeps reporting to ${tlsUrl}`)]);
    expect(setting('ROBOWATCH_CA')).toBeUndefined();
    expect((await debian.run(`ls /etc/telegraf; rm ${trusted}; update-ca-certificates`)).output).not.toContain(
      'robowatch-ca.crt',
    );
  });

  it('writes as root only where the service cannot write', async () => {
    const { output } = await debian.run('find /var/lib/robowatch-agent -user root; ls /usr/lib/robowatch-agent');
    expect(output).toBe(
      'backfill.sh\nboard.sh\nbuffer.sh\njoined-systemd-journal\njournal.sh\nlisten.sh\nspool.sh\nstatus.sh\ntake.sh\n',
    );
  });

  it('leaves an existing Telegraf configuration unchanged', async () => {
    await install('--uninstall');
    const conf = '[agent]\n  interval = "2s"\n  flush_interval = "1s"\n[[inputs.mem]]\n  name_override = "theirs"\n';
    writeFileSync(file('etc/telegraf/telegraf.conf'), conf);
    const { code, output } = await install('--name shared');
    expect([code, output]).toEqual([0, expect.stringContaining('Telegraf keeps its existing configuration')]);
    expect(text('etc/telegraf/telegraf.conf')).toBe(conf);
    expect(text('etc/telegraf/telegraf.d/robowatch.conf')).not.toMatch(/^ *interval/m);
    const { id } = (await robots()).find(({ name }: { name: string }) => name === 'shared');
    const series = async (measurement: string) => (await read(id, `/metrics/${measurement}?from=-5m`)).series;
    await expect.poll(async () => (await series('theirs')).length, wait).toBeGreaterThan(0);
    await expect.poll(async () => (await series('cpu')).length, wait).toBeGreaterThan(0);
    const tags = [...(await series('theirs')), ...(await series('cpu'))].flatMap(({ tags }) => Object.keys(tags));
    expect(tags).not.toContain('host');
    await install('--uninstall');
    expect(text('etc/telegraf/telegraf.conf')).toBe(conf);
  });

  it('generates every code with equal probability', async () => {
    const { output } = await debian.run(
      `sed '$d' /root/install.sh >/root/parts.sh; mkdir -p /root/bin; . /root/parts.sh
       for i in $(seq 200); do new_code; echo; done >/root/codes
       printf '#!/bin/sh\nread -r next </root/draws; sed -i 1d /root/draws; echo " $next"\n' >/root/bin/od; chmod 755 /root/bin/od
       printf '4200000000\n4294967295\n4199999999\n7\n' >/root/draws; PATH=/root/bin:$PATH
       new_code; echo; new_code; echo; grep -cEx '[0-9]{8}' /root/codes; sort -u /root/codes | wc -l`,
    );
    expect(output.trim().split('\n')).toEqual(['99999999', '00000007', '200', '200']);
  });
});
