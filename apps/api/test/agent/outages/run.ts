import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { between, pick, seeded } from '../../acknowledged/random.ts';
import { launch, type ServerProcess } from '../../support/server-process.ts';
import { createLink } from './link.ts';
import { startRobot } from './robot.ts';
import { type Blow, judge, readStored } from './stored.ts';

export interface OutageOptions {
  seed: number;
  outages: number;
  /** Shortest and longest outage. */
  seconds: [number, number];
  onSample?(sample: Sample): void;
}

export interface Sample {
  /** Seconds since the beginning. */
  at: number;
  spooledBytes: number;
  writtenBytes: number;
  sentBytes: number;
  online: boolean;
  blow?: Blow['kind'];
}

/** Ten times as fast as on a robot: a round of buffer.sh each second, and Telegraf sends twice in each. */
const PACE = ['ROBOWATCH_TICK=1', 'ROBOWATCH_FLUSH=500ms', 'ROBOWATCH_FLUSH_JITTER=1ms', 'ROBOWATCH_JITTER=1ms'];
const LIVE_WITHIN_S = 60;
const DRAINED_WITHIN_S = 240;
const SIGN_IN_EVERY_MS = 300_000;

/**
 * A robot loses its server, and in each outage all its processes are killed and its power is cut, at moments that the
 * seed determines. Then every point and log entry is looked for in the store.
 */
export async function outageRun({ seed, outages, seconds, onSample }: OutageOptions) {
  const random = seeded(seed);
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-outages-'));
  const server = await launch({ env: { DATA_DIR: join(dir, 'data'), PAIR_POLL_INTERVAL: '1' } });
  const link = await createLink(Number(server.ports.WEB_PORT));
  const admin = await server.signIn();
  const robot = await startRobot(server, admin, link.url, PACE).catch(async (error) => {
    link.close();
    await server.end();
    throw error;
  });
  try {
    const { id } = (await server.call('GET', '/robots', { token: admin })).body.items[0];
    const store = { server, id, token: tokenOf(server) };
    const began = Date.now();
    const blows: Blow[] = [];
    const liveAfter: number[] = [];
    const spans: [number, number][] = [];
    let [online, writtenBefore] = [true, 0];
    let mostSpooled = 0;
    const sample = async (blow?: Blow['kind']) => {
      const spooledBytes = await robot.spooled();
      mostSpooled = Math.max(mostSpooled, spooledBytes);
      const writtenBytes = writtenBefore + ((await robot.debian.disk()?.written()) ?? 0);
      const at = (Date.now() - began) / 1000;
      onSample?.({ at, spooledBytes, writtenBytes, sentBytes: link.carried(), online, blow });
    };
    const pass = async (ms: number) => {
      for (const end = Date.now() + ms; Date.now() < end; await sleep(Math.min(1000, Math.max(0, end - Date.now()))))
        await sample();
    };
    const strike = async (kind: Blow['kind']) => {
      blows.push({ kind, at: Date.now() / 1000 });
      if (kind === 'kill') await robot.kill();
      else {
        writtenBefore += (await robot.debian.disk()?.written()) ?? 0;
        await robot.debian.cutPower();
      }
      await sample(kind);
    };
    await pass(15_000);
    for (let outage = 0; outage < outages; outage++) {
      link.cut(pick(random, ['refused', 'silent']));
      online = false;
      const began = Date.now() / 1000;
      const length = between(random, ...seconds) * 1000;
      const moments = [random(), random()].sort().map((share) => share * length);
      const kinds: Blow['kind'][] = random() < 0.5 ? ['kill', 'power cut'] : ['power cut', 'kill'];
      const from = Date.now();
      for (const [i, kind] of kinds.entries()) {
        await pass(from + (moments[i] as number) - Date.now());
        await strike(kind);
      }
      await pass(from + length - Date.now());
      await link.mend();
      online = true;
      spans.push([began, Date.now() / 1000]);
      const back = Date.now();
      const newest = async () => Math.max(...(await readStored(store, back / 1000)).points.keys());
      while ((await newest()) * 1000 < back && Date.now() - back < LIVE_WITHIN_S * 1000) await pass(500);
      liveAfter.push((Date.now() - back) / 1000);
      do await pass(2_000);
      while ((await robot.waiting()) > 0 && Date.now() - back < DRAINED_WITHIN_S * 1000);
      await pass(between(random, 5, 15) * 1000);
    }
    // What was measured in the last seconds is still on its way.
    const until = Math.floor(Date.now() / 1000) - 3;
    await pass(30_000);
    const stored = await readStored(store, began / 1000 - 60);
    const measured = robot.measured().filter((second) => second <= until && second >= began / 1000);
    return {
      seed,
      ...judge(measured, stored, blows, spans),
      liveAfter: liveAfter.map((s) => Math.round(s)),
      mostSpooled,
      leftInSpool: await robot.waiting(),
      dropped: stored.dropped,
      log: await robot.telegrafLog(),
    };
  } finally {
    await robot.debian.stop();
    link.close();
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Signs in now and then: sessions are short, and so is the server's patience with frequent sign-ins. */
function tokenOf(server: ServerProcess) {
  let [token, at] = ['', 0];
  return async () => {
    if (Date.now() - at > SIGN_IN_EVERY_MS) [token, at] = [await server.signIn(), Date.now()];
    return token;
  };
}
