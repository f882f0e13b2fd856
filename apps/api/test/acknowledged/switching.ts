import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../support/server-process.ts';
import { between, pick, type Random } from './random.ts';
import type { SimulatedRobot } from './simulated-robot.ts';

/** Deactivates and reactivates robots through any replica until `isOver`; all end up active. @returns how often */
export async function switchOffAndOn(
  fleet: { id: number; robot: SimulatedRobot }[],
  replica: () => ServerProcess,
  random: Random,
  isOver: () => boolean,
): Promise<number> {
  let times = 0;
  let token = '';
  /** Retries until it succeeds: if the replica is killed, the change may or may not have been made. */
  const put = async (id: number, status: 'active' | 'inactive') => {
    for (;;) {
      const reply = await replica()
        .call('PATCH', `/robots/${id}`, { token, body: { status } })
        .catch(() => undefined);
      if (reply?.status === 200) return;
      await sleep(100);
      if (reply?.status === 401)
        token = await replica()
          .signIn()
          .catch(() => token);
    }
  };
  while (!isOver()) {
    const { id, robot } = pick(random, fleet);
    await put(id, 'inactive');
    robot.switchOff(true);
    await sleep(between(random, 200, 1500));
    robot.switchOff(false);
    await put(id, 'active');
    times++;
  }
  return times;
}
