import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../tools/real/child.ts';
import { freePort } from '../tools/real/free-port.ts';

const MAIN = join(import.meta.dirname, '../apps/api/src/start.js');
const MANY = '1000000';
const ADMIN = { email: 'bench@lab.example', password: randomBytes(12).toString('hex') };

/** The server as run by `npm start`, with `robots` paired over the API. */
export async function startRobowatch(dir: string, settings: Record<string, string>, robots: number) {
  const [apiPort, webPort] = [await freePort(), await freePort()];
  const ports = { API_PORT: String(apiPort), WEB_PORT: String(webPort), LISTEN_HOST: '127.0.0.1' };
  const limits = { PAIR_REQUESTS_PER_ADDRESS: MANY, PAIR_MAX_LIVE_CODES: MANY, ROBOT_LINES_PER_SECOND: '1000000' };
  const admin = { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password };
  const env = { ...ports, ...limits, ...admin, DATA_DIR: dir, LOG_LEVEL: 'warn', ...settings };
  const profile = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [];
  const child = await startChild(process.execPath, [...profile, MAIN], { cwd: dir, env });
  for (const end = Date.now() + 60_000; !child.output().includes('Robowatch is running'); await sleep(50)) {
    if (child.hasExited() || Date.now() > end) throw new Error(`Robowatch did not start:\n${child.output()}`);
  }
  const url = `http://127.0.0.1:${env.API_PORT}`;
  const paired = robots > 0 ? await pairRobots(url, robots) : { tokens: [], access_token: '' };
  const webUrl = `http://localhost:${env.WEB_PORT}`;
  return { ...child, url, webUrl, tokens: paired.tokens, admin: paired.access_token } satisfies Child & {
    url: string;
    webUrl: string;
    tokens: string[];
    admin: string;
  };
}

/** An access token of the first administrator, for a quarter of an hour. */
export async function signIn(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body: JSON.stringify(ADMIN) });
  return ((await reply.json()) as { access_token: string }).access_token;
}

/** Pairs robots over the API, with the first administrator as their owner. */
export async function pairRobots(url: string, robots: number): Promise<{ tokens: string[]; access_token: string }> {
  const call = async (path: string, body: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const reply = await fetch(`${url}/api${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as { access_token: string; influxdb_token: string };
  };
  const { access_token } = await call('/auth/login', ADMIN);
  const tokens: string[] = [];
  for (let i = 0; i < robots; i++) {
    const code = String(10_000_000 + i);
    await call('/pair', { hostname: `orangepi-${i}`, code, architecture: 'arm64' });
    tokens.push((await call(`/pair/${code}/confirm`, {}, access_token)).influxdb_token);
  }
  return { tokens, access_token };
}

/** URL of the embedded PostgreSQL of a server running on `dir`, for a peer that looks up tokens in the same table. */
export function embeddedDatabaseUrl(dir: string): string {
  const password = readFileSync(join(dir, 'postgres-password'), 'utf8').trim();
  const port = readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}
