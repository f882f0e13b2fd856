import { createHash, randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { startRedis } from './redis.ts';
import { ensureSuperset } from './superset-venv.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy/superset');
const START_TIMEOUT_MS = 120_000;
/** As ./setup writes it. */
const RIGHTS = 'resetchannels ~superset:* ~LIMITS:* +@all -@admin -@dangerous +info';

export interface SupersetOptions {
  /** Where PostgreSQL is, the passwords of Superset's own role and of the one that reads the views, and viewers' key. */
  postgres: { address: string; role: string; reader: string; viewerKey: string };
  /** The web app's address, for links. */
  webApp?: string;
  /** For sign-in by the server: where Superset reaches that, and its secret there. */
  openId?: { apiUrl: string; secret: string };
  port?: number;
}

/**
 * Starts the real Superset with the files of deploy/superset, on 127.0.0.1 and a free port, with a Redis of its own. Where
 * those files name the full stack's hosts and folders, they get these instead. Ends with this process.
 * @returns `setUp`, which does what the full stack's job superset-setup does, once more
 */
export async function startSuperset({ postgres, webApp = '', openId, port: wanted }: SupersetOptions) {
  const python = await ensureSuperset();
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-superset-'));
  const redisPassword = randomBytes(16).toString('hex');
  const hash = createHash('sha256').update(redisPassword).digest('hex');
  const redis = await startRedis({ users: [`user superset on #${hash} ${RIGHTS}`] });
  const [port, redisAddress] = [wanted ?? (await freePort()), new URL(redis.url).host];
  const password = randomBytes(16).toString('hex');

  const secrets = {
    'superset-secret-key': randomBytes(32).toString('hex'),
    'superset-admin-password': password,
    'superset-redis-password': redisPassword,
    'superset-database-password': postgres.role,
    'bi-database-password': postgres.reader,
    'bi-viewer-key': postgres.viewerKey,
    ...(openId && { 'oidc-superset-secret': openId.secret }),
  };
  await mkdir(join(dir, 'secrets'), { mode: 0o700 });
  for (const [name, text] of Object.entries(secrets))
    await writeFile(join(dir, 'secrets', name), text, { mode: 0o600 });
  const replacements: [string, string][] = [
    ['/run/secrets', join(dir, 'secrets')],
    ['/app/assets', join(dir, 'assets')],
    ['postgres:5432', postgres.address],
    ['redis-superset:6379', redisAddress],
    // There is no TLS here.
    ['SESSION_COOKIE_SECURE = True', 'SESSION_COOKIE_SECURE = False'],
    ['host="redis-superset"', `host="127.0.0.1", port=${redisAddress.split(':')[1]}`],
  ];
  const program = join(dir, 'superset');
  await writeFile(program, `#!/bin/sh\nexec ${python} -c 'from superset.cli.main import superset; superset()' "$@"\n`);
  await chmod(program, 0o755);
  const env = {
    ...{ PATH: `${dir}:${dirname(python)}:${process.env.PATH}`, HOME: dir, SUPERSET_HOME: join(dir, 'home') },
    ...{ SUPERSET_CONFIG_PATH: join(dir, 'config/superset_config.py'), FLASK_APP: 'superset.app:create_app()' },
    ...{ PYTHONPATH: join(dir, 'config'), PYTHONDONTWRITEBYTECODE: '1', SCARF_ANALYTICS: 'false', PUBLIC_URL: webApp },
    ...(openId && { ROBOWATCH_API_URL: openId.apiUrl }),
  };
  const copy = async () => {
    for (const folder of ['config', 'assets']) {
      await rm(join(dir, folder), { recursive: true, force: true });
      await cp(join(DEPLOY, folder), join(dir, folder), { recursive: true });
      for (const file of await readdir(join(dir, folder), { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const path = join(file.parentPath, file.name);
        const text = await readFile(path, 'utf8');
        await writeFile(
          path,
          replacements.reduce((now, [from, to]) => now.replaceAll(from, to), text),
        );
      }
    }
  };
  const setUp = async () => {
    await copy();
    const child = await startChild(python, [join(dir, 'config/bootstrap.py')], { cwd: dir, env });
    await child.exited;
    if (child.exitCode() !== 0) throw new Error(`Superset was not set up:\n${child.output().slice(-6000)}`);
    return child.output();
  };
  await setUp();
  const serve = ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--workers', '1', '--worker-class', 'gthread'];
  const child = await startChild(
    python,
    [...serve, '--threads', '60', '--timeout', '120', '--keep-alive', '180', 'superset.app:create_app()'],
    {
      cwd: dir,
      env,
    },
  );
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_TIMEOUT_MS; ; await sleep(200)) {
    if (
      await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    if (child.hasExited() || Date.now() > end) throw new Error(`Superset did not start:\n${child.output()}`);
  }
  return {
    url,
    password,
    setUp,
    output: () => child.output(),
    stop: async () => {
      await child.stop();
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
