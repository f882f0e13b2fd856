import { expect, it } from 'vitest';
import { type Seen, writePresence } from '../../src/robots/presence-store.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const HOUR_S = 3600;
const OFFLINE_AFTER = 60;

it('adds up how long a robot was online and how often it reported, hour by hour', async () => {
  const { db } = api.deps();
  const robot = await api.pairedRobot(await api.person());
  const begin = Math.floor(Date.now() / 1000 / HOUR_S) * HOUR_S - 10 * HOUR_S;
  const see = async (second: number, reports: number) => {
    const seen: Seen = {
      id: robot.id,
      at: new Date((begin + second) * 1000),
      skewMs: null,
      guessMs: null,
      agentVersion: null,
      reports,
    };
    await writePresence(db, [seen], OFFLINE_AFTER);
  };
  await see(0, 1);
  await see(30, 3);
  await see(1000, 1);
  await see(1040, 4);
  await see(HOUR_S - 20, 1);
  await see(HOUR_S + 10, 3);
  const hours = await db.selectFrom('robot_activity').select(['hour', 'online_s', 'reports']).orderBy('hour').execute();
  expect(hours.map(({ hour, ...one }) => ({ hour: hour - begin / HOUR_S, ...one }))).toEqual([
    // Each time until it was seen again, or counted as offline.
    { hour: 0, online_s: 30 + 60 + 40 + 60 + 20, reports: 10 },
    { hour: 1, online_s: 10, reports: 3 },
  ]);
});
