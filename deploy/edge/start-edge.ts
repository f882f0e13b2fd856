import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureCaddy } from '../../tools/real/caddy.ts';
import { makeCertificates } from '../../tools/real/certificates.ts';
import { startChild } from '../../tools/real/child.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { untilListening } from '../../tools/real/until-listening.ts';

const PORTS = ['8080', '8081', '8443', '9100', '9101', '9200', '9300'];

/** Where replicas of the API are instead of in the stack, and a name server that knows them as `api`. */
export interface Replicas {
  nameServer: string;
  apiPort: string;
  webPort: string;
}

/**
 * The real Caddy with the real configuration, on free ports of this machine. With `replicas`, replies of the API tell in
 * `x-served-by` who gave them. `restart()` keeps the ports.
 */
export async function startEdge(replicas?: Replicas) {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-edge-'));
  await cp(import.meta.dirname, dir, { recursive: true });
  const { ca, cert, key } = await makeCertificates(join(dir, 'made'));
  const files = join(dir, 'files');
  await mkdir(files);
  await writeFile(join(files, 'edge.pem'), Buffer.concat([cert, key]));
  await writeFile(join(dir, 'tls/files.tls'), `load ${files}\n`);
  const ports = new Map<string, number>();
  for (const port of PORTS) ports.set(port, await freePort());
  const config = join(dir, 'Caddyfile');
  await writeFile(config, withReplicas(moved(await readFile(config, 'utf8'), ports), replicas));
  const env = { HOST: '127.0.0.1', EMAIL: '', CERTIFICATES: 'files', WEB_PORT: '9101', HOME: dir, XDG_DATA_HOME: dir };
  const start = async () => {
    const child = await startChild(await ensureCaddy(), ['run', '--config', config, '--adapter', 'caddyfile'], {
      cwd: dir,
      env,
    });
    await untilListening(ports.get('9300') as number, child);
    return child;
  };
  let child = await start();
  return {
    ca,
    ports,
    output: () => child.output(),
    async restart() {
      await child.stop();
      child = await start();
    },
    async stop() {
      await child.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const moved = (config: string, ports: Map<string, number>) =>
  config
    .replace(/(\s|\}|127\.0\.0\.1):(\d{4})\b/g, (whole, before, port) =>
      ports.has(port) ? `${before}:${ports.get(port)}` : whole,
    )
    .replace(/(https?_port) (\d{4})/g, (_, name, port) => `${name} ${ports.get(port)}`);

const withReplicas = (config: string, replicas: Replicas | undefined) =>
  replicas
    ? config
        .replace(/^\t\tname api$/m, `$&\n\t\tresolvers ${replicas.nameServer}`)
        .replace(/^\tflush_interval -1$/m, '$&\n\theader_down X-Served-By {rp.upstream.hostport}')
        .replaceAll(/(import (?:replicas|api|any-replica)) 9100$/gm, `$1 ${replicas.apiPort}`)
        .replaceAll(/(import (?:replicas|api|any-replica)) 9101$/gm, `$1 ${replicas.webPort}`)
    : config;
