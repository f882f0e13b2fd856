import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AGENT_CONFIG_FILES, ensureTelegraf, startTelegraf } from '../tools/real/telegraf.ts';
import { type Architecture, type PairedRobot, pairRobot } from './pair-client.ts';

const ARCHITECTURES: Partial<Record<string, Architecture>> = { arm64: 'arm64', x64: 'amd64', arm: 'armhf' };
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Makes this computer a robot, until it is interrupted. The token is kept in DATA_DIR/robot.json (0600). */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: 'http://localhost:9101' },
      name: { type: 'string' },
      forget: { type: 'boolean' },
    },
  });
  const url = values.url.replace(/\/+$/, '');
  const dir = resolve(process.env.DATA_DIR || './data');
  const file = join(dir, 'robot.json');
  if (values.forget) rmSync(file, { force: true });
  await ensureTelegraf();
  const robot = readKept(file, url) ?? (await pair(url, values.name));
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, JSON.stringify({ url, ...robot }), { mode: 0o600 });
  const telegraf = await startTelegraf({
    configFiles: AGENT_CONFIG_FILES,
    env: { ROBOWATCH_URL: url, ROBOWATCH_TOKEN: robot.token },
  });
  say(`${robot.name} reports to ${url} every 10 seconds. Ctrl-C ends it; --forget pairs anew.`);
  const told = setInterval(() => {
    if (!/status code:? 401/.test(telegraf.output())) return;
    clearInterval(told);
    say(
      'The server refuses this robot: it was switched off or deleted. Activate it in the web app, or start again with --forget.',
    );
  }, 5000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(told);
  await telegraf.stop();
}

function readKept(file: string, url: string): PairedRobot | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as PairedRobot & { url: string };
    return kept.url === url ? { token: kept.token, robotId: kept.robotId, name: kept.name } : undefined;
  } catch {
    return undefined;
  }
}

function pair(url: string, name: string | undefined): Promise<PairedRobot> {
  return pairRobot({
    apiUrl: url,
    hostname: hostname(),
    name,
    architecture: ARCHITECTURES[process.arch],
    onCode(code, { expiresIn }) {
      say(`\n  Code  ${code.slice(0, 4)} ${code.slice(4)}\n\n  Type it into ${url}/pair?code=${code}`);
      say(`  It lives ${Math.round(expiresIn / 60)} minutes. Waiting …\n`);
    },
  });
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
