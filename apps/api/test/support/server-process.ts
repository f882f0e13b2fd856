import { type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endProcess, endWithThisProcess } from '../../../../tools/real/child.ts';
import { freePort } from '../../../../tools/real/free-port.ts';

const MAIN = fileURLToPath(new URL('../../src/start.js', import.meta.url));
export const ADMIN = { ADMIN_EMAIL: 'admin@lab.example', ADMIN_PASSWORD: 'correct horse battery' };

export interface LaunchOptions {
  env: Record<string, string>;
  args?: string[];
  main?: string;
  node?: string;
  spawn?: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd'>;
}

export type ServerProcess = Awaited<ReturnType<typeof launch>>;

/**
 * The real process, as `npm start` runs it, on free ports. Resolves when it reports that it is running, or has exited.
 */
export async function launch({
  env,
  args = [],
  main = MAIN,
  node = process.execPath,
  spawn: options = {},
}: LaunchOptions) {
  const ports = { API_PORT: String(await freePort()), WEB_PORT: String(await freePort()) };
  const settings = { ...ports, ...ADMIN, LISTEN_HOST: '127.0.0.1', LOG_LEVEL: 'silent', ...env };
  const child = spawn(node, [main, ...args], {
    ...options,
    env: { PATH: process.env.PATH, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endWithThisProcess(child);
  let output = '';
  await new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
        if (output.includes('Robowatch is running')) resolve();
      });
    }
    child.once('exit', () => resolve());
  });
  const origin = `http://127.0.0.1:${settings.WEB_PORT}`;
  const { call, signIn } = callsTo(origin);
  const end = (signal?: NodeJS.Signals) => endProcess(child, signal);
  return { child, ports, origin, call, signIn, end, output: () => output };
}

/** Calls to the API of a server at this address. */
export function callsTo(origin: string) {
  const call = async (
    method: string,
    path: string,
    { token, body, cookie }: { token?: string; body?: object | string; cookie?: string } = {},
  ) => {
    const isText = typeof body === 'string';
    const headers: Record<string, string> = body ? { 'content-type': isText ? 'text/plain' : 'application/json' } : {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (cookie) headers.cookie = cookie;
    const sent = isText ? body : body && JSON.stringify(body);
    const reply = await fetch(`${origin}/api${path}`, { method, headers, body: sent });
    const text = await reply.text();
    // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
    return { status: reply.status, headers: reply.headers, body: (text ? JSON.parse(text) : {}) as any };
  };
  const signIn = async (email: string = ADMIN.ADMIN_EMAIL, password: string = ADMIN.ADMIN_PASSWORD) =>
    (await call('POST', '/auth/login', { body: { email, password } })).body.access_token as string;
  return { call, signIn };
}
