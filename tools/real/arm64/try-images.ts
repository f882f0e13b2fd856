import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../child.ts';
import { emulate } from '../emulation.ts';
import { freePort } from '../free-port.ts';
import { startPostgres } from '../postgres.ts';
import { runCommand } from '../run-command.ts';
import { buildah, ensureArm64Bases } from './bases.ts';

/** Builds deploy/'s images for arm64 on another processor and tries each. About half an hour the first time. */
const CHECKOUT = join(import.meta.dirname, '../../..');
const READY_MS = 300_000;
const IMAGES = {
  api: CHECKOUT,
  web: CHECKOUT,
  edge: join(CHECKOUT, 'deploy/edge'),
  superset: join(CHECKOUT, 'deploy/superset'),
};

const endEmulation = await emulate('arm64');
const folder = await ensureArm64Bases();
const npm = await runCommand('npm', ['config', 'get', 'cache'], { missing: 'npm is not installed.' });
await mkdir(npm, { recursive: true });

for (const [name, context] of Object.entries(IMAGES)) {
  const began = Date.now();
  const how = [
    '--layers',
    '--platform',
    'linux/arm64',
    '--pull-never',
    '--isolation',
    'chroot',
    '--volume',
    `${npm}:/root/.npm`,
  ];
  const file = join(CHECKOUT, `deploy/${name}/Dockerfile`);
  await buildah(folder, 'build', ...how, '--tag', name, '--file', file, context);
  const is = await buildah(folder, 'inspect', '--type', 'image', '--format', '{{.OCIv1.Architecture}}', name);
  check(`${name} is built for ${is} in ${((Date.now() - began) / 1000).toFixed(0)} s`, is === 'arm64');
}

const page = await container('web', { TRUSTED_PROXIES: '127.0.0.1' }, [], async () => {
  const reply = await fetch('http://127.0.0.1:9101/');
  return reply.ok && (await reply.text());
});
check('web serves its page', /<!doctype html>/i.test(page));

const caddy = await command('edge', 'caddy', 'list-modules', '--packages');
check('edge starts', /http\.handlers\.reverse_proxy/.test(caddy));

await tryServer();
const versions = await command(
  'superset',
  'python',
  '-c',
  'import psycopg2, superset, authlib; print(psycopg2.__version__)',
);
check(`superset loads psycopg2 ${versions}`, /^2\./.test(versions));
const port = await freePort();
// Its configuration is not in the image.
const start = [
  'env',
  '--unset',
  'SUPERSET_CONFIG_PATH',
  'gunicorn',
  '--bind',
  `127.0.0.1:${port}`,
  '--timeout',
  '250',
  'superset.app:create_app()',
];
const env = { SUPERSET_SECRET_KEY: randomBytes(32).toString('hex') };
const health = await container('superset', env, start, async () => {
  const reply = await fetch(`http://127.0.0.1:${port}/health`);
  return reply.ok && reply.text();
});
check('superset is healthy', health === 'OK');
await endEmulation();

/** A robot pairs, reports, and its values are read back. */
async function tryServer() {
  const postgres = await startPostgres();
  const [port, web] = [await freePort(), await freePort()];
  const settings = {
    DATABASE_URL: postgres.url,
    SECRET_KEY: randomBytes(32).toString('hex'),
    LISTEN_HOST: '127.0.0.1',
    API_PORT: String(port),
    WEB_PORT: String(web),
  };
  const call = async (
    method: string,
    path: string,
    { token = '', body }: { token?: string; body?: object | string } = {},
  ) => {
    const isText = typeof body === 'string';
    const reply = await fetch(`http://127.0.0.1:${port}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': isText ? 'text/plain' : 'application/json' }),
      },
      body: isText ? body : body && JSON.stringify(body),
    });
    const text = await reply.text();
    // biome-ignore lint/suspicious/noExplicitAny: replies of several shapes
    return { status: reply.status, body: (text ? JSON.parse(text) : {}) as any };
  };
  const person = { email: 'admin@lab.example', password: randomBytes(12).toString('hex') };
  const sum = await container('api', settings, [], async (output) => {
    if (!(await fetch(`http://127.0.0.1:${port}/api/ready`)).ok) return;
    const token = /\/setup#([\w-]+)/.exec(output)?.[1];
    await call('POST', '/auth/setup', { body: { token, name: 'Admin', ...person } });
    const { access_token } = (await call('POST', '/auth/login', { body: person })).body;
    await call('POST', '/pair', { body: { hostname: 'arm', code: '12345670' } });
    const robot = (await call('POST', '/pair/12345670/confirm', { token: access_token, body: {} })).body;
    const now = Math.floor(Date.now() / 1000);
    const lines = Array.from({ length: 1000 }, (_, i) => `mem total=${i}i ${now - i}`).join('\n');
    await call('POST', '/metrics?precision=s', { token: robot.influxdb_token, body: lines });
    const path = `/robots/${robot.robot_id}/metrics/mem?fields=total&fn=sum&every=1h&from=-2h`;
    const { series } = (await call('GET', path, { token: access_token })).body;
    return String(series[0].points.reduce((sum: number, [, value]: [number, number]) => sum + value, 0));
  });
  await postgres.stop();
  check('api pairs a robot, stores 1,000 lines and reads them back', sum === '499500');
}

function check(what: string, right: boolean) {
  process.stdout.write(`${right ? 'ok    ' : 'FAILED'} ${what}\n`);
  if (!right) process.exitCode = 1;
}

/** What a program of an image prints. */
async function command(image: string, ...run: string[]) {
  const name = await buildah(folder, 'from', '--pull-never', image);
  try {
    return await buildah(folder, 'run', '--isolation', 'chroot', name, '--', ...run);
  } finally {
    await buildah(folder, 'rm', name);
  }
}

/** Starts an image, on this machine's network, and asks until there is an answer. */
async function container(
  image: string,
  env: Record<string, string>,
  run: string[],
  ask: (output: string) => Promise<string | false | undefined>,
): Promise<string> {
  const name = await buildah(folder, 'from', '--pull-never', image);
  const config = JSON.parse(await buildah(folder, 'inspect', '--type', 'image', image)).OCIv1.config;
  const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const storage = ['--root', join(folder, 'layers'), '--runroot', join(folder, 'run')];
  const what = ['run', '--isolation', 'chroot', ...variables, name, '--', ...(run.length > 0 ? run : config.Cmd)];
  const child = await startChild('buildah', [...storage, ...what], { cwd: folder, env: { HOME: folder } });
  try {
    for (const deadline = Date.now() + READY_MS; Date.now() < deadline && !child.hasExited(); await sleep(500)) {
      const answer = await ask(child.output()).catch(() => undefined);
      if (answer) return answer;
    }
    throw new Error(`${image} does not answer:\n${child.output().slice(-3000)}`);
  } finally {
    await child.stop();
    await buildah(folder, 'rm', name);
  }
}
