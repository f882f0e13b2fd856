import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';

const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' }[process.arch as string] ?? process.arch;
const VERSION = '1.37.2-1';
const SAMPLE = '[agent]\n  interval = "10s"\n[[inputs.cpu]]\n[[inputs.mem]]\n';
/** Like the real package's: installs the sample as the configuration, enables and starts the service. */
const POSTINST = `#!/bin/sh
set -e
id telegraf >/dev/null 2>&1 || useradd --system --no-create-home --shell /bin/false telegraf
[ -e /etc/telegraf/telegraf.conf ] || cp /etc/telegraf/telegraf.conf.sample /etc/telegraf/telegraf.conf
systemctl daemon-reload
systemctl enable telegraf || true
systemctl restart telegraf || true
`;
const PRERM = '#!/bin/sh\nset -e\nsystemctl disable --now telegraf || true\n';

const gpg = (home: string, ...args: string[]) =>
  runCommand('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { missing: 'gpg is not installed.' });
const digest = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/**
 * Serves an apt repository like the one for Telegraf, with one package, signed with a newly generated key.
 * @returns its URL and the fingerprint of the key
 */
export async function startAptRepository(dir: string, telegraf: string, tls: { key: Buffer; cert: Buffer }) {
  const name = `telegraf_${VERSION}_${ARCHITECTURE}.deb`;
  const control = `Package: telegraf\nVersion: ${VERSION}\nArchitecture: ${ARCHITECTURE}\nMaintainer: Lab <lab@lab.example>\nDescription: Telegraf\n`;
  const site = join(dir, 'site');
  const dists = join(site, 'debian/dists/stable');
  await mkdir(join(dists, `main/binary-${ARCHITECTURE}`), { recursive: true });
  await buildPackage(join(dir, 'package'), join(site, 'debian', name), control, telegraf);
  const content = await readFile(join(site, 'debian', name));
  const packages = `${control}Filename: ${name}\nSize: ${content.length}\nSHA256: ${digest(content)}\n\n`;
  const list = `main/binary-${ARCHITECTURE}/Packages`;
  await writeFile(join(dists, list), packages);
  const release = `Suite: stable\nCodename: stable\nComponents: main\nArchitectures: ${ARCHITECTURE}\nDate: ${new Date().toUTCString()}\nSHA256:\n ${digest(packages)} ${packages.length} ${list}\n`;
  await writeFile(join(dists, 'Release'), release);

  const home = join(dir, 'gnupg');
  await mkdir(home, { mode: 0o700 });
  await gpg(home, '--passphrase', '', '--quick-generate-key', 'Lab <lab@lab.example>', 'ed25519', 'sign', '1d');
  const keys = await gpg(home, '--list-keys', '--with-colons');
  const fingerprint = /^fpr:+([0-9A-F]{40}):$/m.exec(keys)?.[1] as string;
  await gpg(home, '--output', join(dists, 'InRelease'), '--clearsign', join(dists, 'Release'));
  await gpg(home, '--armor', '--output', join(site, 'influxdata-archive.key'), '--export');

  const server = createServer(tls, async (request, response) => {
    const body = await readFile(join(site, new URL(request.url ?? '/', 'https://x').pathname)).catch(() => undefined);
    response.writeHead(body ? 200 : 404).end(body);
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return { url: `https://127.0.0.1:${port}`, fingerprint, stop: () => void server.close() };
}

async function buildPackage(tree: string, target: string, control: string, telegraf: string) {
  const put = async (path: string, text: string, mode: number) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text, { mode });
  };
  await put('DEBIAN/control', control, 0o644);
  await put('DEBIAN/postinst', POSTINST, 0o755);
  await put('DEBIAN/prerm', PRERM, 0o755);
  await put('etc/telegraf/telegraf.conf.sample', SAMPLE, 0o644);
  await put('etc/telegraf/telegraf.d/.keep', '', 0o644);
  const unit = await readFile(join(import.meta.dirname, 'telegraf.service'), 'utf8');
  await put('lib/systemd/system/telegraf.service', unit, 0o644);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await cp(telegraf, join(tree, 'usr/bin/telegraf'));
  await runCommand('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, target], {
    missing: 'dpkg-deb is not installed.',
  });
}
