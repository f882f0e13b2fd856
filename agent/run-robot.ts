import { mkdir, rm } from 'node:fs/promises';
import { arch, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AGENT_CONFIG_FILES, ensureTelegraf, startTelegraf } from '../tools/real/telegraf.ts';
import { type Architecture, pairRobot } from './pair-client.ts';
import { loadIdentity, type RobotIdentity, saveIdentity } from './robot-identity.ts';
import { codeToShow } from './show-code.ts';

const USAGE = 'Usage: node agent/run-robot.ts [--url http://localhost:9101] [--name NAME] [--forget]';
const DATA_DIR = resolve(process.env.DATA_DIR || './data');
const IDENTITY_FILE = join(DATA_DIR, 'robot.json');
const ARCHITECTURES: Record<string, Architecture> = { arm64: 'arm64', x64: 'amd64', arm: 'armhf' };

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Turns this computer into a robot for as long as the program runs. The token is stored in DATA_DIR/robot.json. */
async function runRobot(url: string, name: string | undefined, signal: AbortSignal) {
  say('Preparing Telegraf (the first time this takes a minute or two) …');
  await ensureTelegraf();
  const robot = await identity(url, name, signal);
  const telegraf = await startTelegraf({
    configFiles: AGENT_CONFIG_FILES,
    env: {
      ROBOWATCH_URL: robot.url,
      ROBOWATCH_TOKEN: robot.token,
      ROBOWATCH_FLUSH: process.env.ROBOWATCH_FLUSH || '10s',
    },
    dir: DATA_DIR,
    onOutput: complainOnce(robot, signal),
  });
  say(`This computer is the robot "${robot.name}" and reports to ${robot.url}. Press Ctrl-C to stop.`);
  signal.addEventListener('abort', () => telegraf.stop());
  if (signal.aborted) await telegraf.stop();
  await telegraf.exited;
  if (signal.aborted) return;
  const reason = telegraf
    .output()
    .match(/^.* E! (.*)$/gm)
    ?.at(-1)
    ?.replace(/^.* E! /, '');
  throw new Error(`Telegraf exited unexpectedly: ${reason ?? 'no reason given'}`);
}

async function identity(url: string, name: string | undefined, signal: AbortSignal): Promise<RobotIdentity> {
  const known = await loadIdentity(IDENTITY_FILE);
  if (known && known.url !== url) {
    throw new Error(`This computer is already a robot of ${known.url}. Use --forget to pair it again.`);
  }
  if (known) return known;
  await mkdir(DATA_DIR, { recursive: true });
  const onCode = async (code: string, { expiresIn }: { expiresIn: number }) =>
    say(await codeToShow(url, code, expiresIn));
  const architecture = ARCHITECTURES[arch()];
  const paired = {
    url,
    ...(await pairRobot({ apiUrl: url, hostname: hostname(), name, architecture, onCode, signal })),
  };
  await saveIdentity(IDENTITY_FILE, paired);
  return paired;
}

/** Telegraf logs a failed delivery at every flush; prints it only once, until it changes. */
function complainOnce({ url }: RobotIdentity, signal: AbortSignal) {
  let last = '';
  return (text: string) => {
    if (signal.aborted || !text.includes('E! ')) return;
    const refused = /status code:? 401/.test(text) || /"401 /.test(text);
    const complaint = refused
      ? `${url} refuses this robot: it was deactivated, deleted or given a new token. Accept its data again, or use --forget.`
      : `Telegraf: ${/E! (.*)/.exec(text)?.[1]}`;
    if (complaint !== last) say(complaint);
    last = complaint;
  };
}

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort());

try {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, name: { type: 'string' }, forget: { type: 'boolean' } },
  });
  const url = URL.parse(values.url ?? 'http://localhost:9101')?.origin;
  if (!url?.startsWith('http')) throw new Error(`--url must begin with http:// or https://. ${USAGE}`);
  if (values.forget) await rm(IDENTITY_FILE, { force: true });
  await runRobot(url, values.name, abort.signal);
} catch (error) {
  if (!abort.signal.aborted) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
