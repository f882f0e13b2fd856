import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AGENT_CONFIG_FILES, ensureTelegraf, startTelegraf } from '../../../../tools/real/telegraf.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const dir = mkdtempSync(join(tmpdir(), 'robowatch-clones-'));
const telegrafs: Awaited<ReturnType<typeof startTelegraf>>[] = [];
let url: string;

beforeAll(async () => {
  await ensureTelegraf();
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  for (const telegraf of telegrafs) await telegraf.stop();
});

/** Our agent on a card, in a computer with this boot. */
async function boot(name: string, token: string, id: string) {
  const own = join(dir, name);
  mkdirSync(own);
  const pace = join(own, 'pace.conf');
  writeFileSync(
    pace,
    '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  flush_jitter = "0s"\n  omit_hostname = true\n',
  );
  const [conf = ''] = AGENT_CONFIG_FILES;
  const env = { ROBOWATCH_URL: url, ROBOWATCH_TOKEN: token, ROBOWATCH_BOOT: id, HOME: own };
  const telegraf = await startTelegraf({
    configFiles: [conf, pace],
    env: { ...env, ROBOWATCH_FLUSH: '1s', PATH: process.env.PATH ?? '' },
    dir: own,
  });
  telegrafs.push(telegraf);
}

it('two real agents with one token are noticed; one alone is not', async () => {
  const owner = await api.person();
  const [alone, copied] = [await api.pairedRobot(owner, 'alone'), await api.pairedRobot(owner, 'copied')];
  const show = async (id: number) => (await api.call('GET', `/robots/${id}`, { token: owner.token })).body;
  const reports = async (id: number) => {
    const hours = await api
      .deps()
      .db.selectFrom('robot_activity')
      .select('reports')
      .where('robot_id', '=', id)
      .execute();
    return hours.reduce((sum, { reports }) => sum + reports, 0);
  };
  await boot('alone', alone.token, 'a'.repeat(32));
  await boot('one', copied.token, '1'.repeat(32));
  await boot('other', copied.token, '2'.repeat(32));
  const noticed = async () => {
    await api.deps().presence.flush();
    return (await show(copied.id)).cloned?.devices;
  };
  await expect
    .poll(noticed, { timeout: 60_000, interval: 500 })
    .toMatchObject([{ address: '127.0.0.1', booted_at: expect.any(String) }, { address: '127.0.0.1' }]);
  await expect.poll(() => reports(alone.id), { timeout: 60_000 }).toBeGreaterThan(5);
  await api.deps().presence.flush();
  expect((await show(alone.id)).cloned).toBeNull();
});
