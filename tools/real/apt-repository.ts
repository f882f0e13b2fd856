import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';
import { OWN_ARCHITECTURE } from './system-root.ts';
import { buildTelegrafPackage } from './telegraf-package.ts';

const gpg = (home: string, ...args: string[]) =>
  runCommand('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { missing: 'gpg is not installed.' });
const digest = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/**
 * Serves an apt repository like the one for Telegraf, with one package, signed with a newly generated key.
 * @returns its URL and the fingerprint of the key
 */
export async function startAptRepository(dir: string, tls: { key: Buffer; cert: Buffer }) {
  const site = join(dir, 'site');
  const dists = join(site, 'debian/dists/stable');
  await mkdir(join(dists, `main/binary-${OWN_ARCHITECTURE}`), { recursive: true });
  const { name, control } = await buildTelegrafPackage(join(site, 'debian'));
  const content = await readFile(join(site, 'debian', name));
  const packages = `${control}Filename: ${name}\nSize: ${content.length}\nSHA256: ${digest(content)}\n\n`;
  const list = `main/binary-${OWN_ARCHITECTURE}/Packages`;
  await writeFile(join(dists, list), packages);
  const release = `Suite: stable\nCodename: stable\nComponents: main\nArchitectures: ${OWN_ARCHITECTURE}\nDate: ${new Date().toUTCString()}\nSHA256:\n ${digest(packages)} ${packages.length} ${list}\n`;
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
