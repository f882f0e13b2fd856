import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { ensureInfluxd } from './influxd-build.ts';

export { ensureInfluxd } from './influxd-build.ts';

const ORG = 'robowatch';
const BUCKET = 'robots';
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a real InfluxDB on 127.0.0.1 with an organisation, a bucket and a random admin token, or with `bare` not set
 * up. Ends with this process. `dir` keeps data and token between starts; without it, stop() and kill() delete them.
 * `pause()` freezes it, like an overloaded disk: it accepts connections but does not respond until `resume()`.
 */
export async function startInfluxd(options: { dir?: string; port?: number; bare?: boolean } = {}) {
  const influxd = await ensureInfluxd();
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'robowatch-influxd-')));
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const env = { HOME: dir, INFLUXD_CONFIG_PATH: dir };
  const child = await startChild(influxd, influxdArguments(dir, port), { cwd: dir, env });
  const after = async () => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilHealthy(url, child);
    const adminToken = options.bare ? '' : await setUp(url, join(dir, 'admin-token'));
    return {
      url,
      adminToken,
      org: ORG,
      bucket: BUCKET,
      pid: child.pid,
      stop: () => child.stop().then(after),
      kill: () => child.kill().then(after),
      pause: () => child.pause(),
      resume: () => child.resume(),
    };
  } catch (error) {
    await child.kill().then(after);
    throw error;
  }
}

function influxdArguments(dir: string, port: number) {
  return [
    ...['--bolt-path', join(dir, 'influxd.bolt'), '--sqlite-path', join(dir, 'influxd.sqlite')],
    ...['--engine-path', join(dir, 'engine'), '--http-bind-address', `127.0.0.1:${port}`],
    ...['--reporting-disabled', '--hardening-enabled', '--log-level', 'warn'],
  ];
}

async function untilHealthy(url: string, child: Child) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.hasExited()) throw new Error(`influxd exited while starting:\n${child.output()}`);
    const healthy = await fetch(`${url}/health`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (healthy) return;
    await sleep(100);
  }
  throw new Error(`influxd did not start within ${START_TIMEOUT_MS / 1000} s:\n${child.output()}`);
}

async function setUp(url: string, tokenFile: string) {
  const known = await readFile(tokenFile, 'utf8').catch(() => undefined);
  if (known) return known;
  const token = randomBytes(32).toString('base64url');
  const password = randomBytes(24).toString('base64url');
  const reply = await fetch(`${url}/api/v2/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password, org: ORG, bucket: BUCKET, token, retentionPeriodSeconds: 0 }),
  });
  if (!reply.ok) throw new Error(`InfluxDB could not be set up: ${reply.status} ${await reply.text()}`);
  await writeFile(tokenFile, token, { mode: 0o600 });
  return token;
}
