import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildOnce } from './build-cache.ts';
import { makeCertificates } from './certificates.ts';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { runCommand } from './run-command.ts';
import { untilListening } from './until-listening.ts';

const VERSION = '2.10.1';

/** The path of Pebble, Let's Encrypt's ACME server for tests, built on first use (needs Go and the network). */
function ensurePebble(): Promise<string> {
  return buildOnce('pebble', VERSION, async (dir) => {
    const module = `github.com/letsencrypt/pebble/v2/cmd`;
    const commands = ['pebble', 'pebble-challtestsrv'].map((name) => `${module}/${name}@v${VERSION}`);
    await runCommand('go', ['install', ...commands], {
      cwd: dir,
      env: { ...process.env, GOBIN: dir, CGO_ENABLED: '0' },
      missing: 'Pebble cannot be built: Go is not installed (https://go.dev/dl), or `go` is not on PATH.',
    });
  });
}

/**
 * Starts a real ACME server at an address of this machine. For it, every name is at `target`, where it verifies
 * challenges on the usual ports. @returns the URL of its directory, the file of the CA that signed its own certificate,
 * and a function that fetches the root of what it issues
 */
export async function startPebble(options: { dir: string; address: string; target: string }) {
  const { dir, address, target } = options;
  const pebble = await ensurePebble();
  const { certFile, keyFile, caFile } = await makeCertificates(join(dir, 'pebble'), address);
  const [dns, directory, management] = [await freePort(), await freePort(), await freePort()];
  const config = {
    listenAddress: `${address}:${directory}`,
    managementListenAddress: `${address}:${management}`,
    certificate: certFile,
    privateKey: keyFile,
    httpPort: 80,
    tlsPort: 443,
  };
  const configFile = join(dir, 'pebble.json');
  await writeFile(configFile, JSON.stringify({ pebble: config }));
  const names = ['-defaultIPv4', target, '-defaultIPv6', '', '-dnsserver', `127.0.0.1:${dns}`];
  const off = ['-doh', '', '-http01', '', '-https01', '', '-tlsalpn01', '', '-management', ''];
  const resolver = await startChild(join(dirname(pebble), 'pebble-challtestsrv'), [...names, ...off], {
    cwd: dir,
    env: {},
  });
  const args = ['-config', configFile, '-dnsserver', `127.0.0.1:${dns}`];
  const server = await startChild(pebble, args, { cwd: dir, env: { PEBBLE_VA_NOSLEEP: '1' } });
  const stop = async () => {
    await server.stop();
    await resolver.stop();
  };
  try {
    await untilListening(directory, server, address);
  } catch (error) {
    await stop();
    throw error;
  }
  const curl = ['-fsS', '--cacert', caFile, `https://${address}:${management}/roots/0`];
  return {
    directory: `https://${address}:${directory}/dir`,
    caFile,
    root: () => runCommand('curl', curl, { missing: 'curl is not installed.' }),
    output: () => server.output(),
    stop,
  };
}
