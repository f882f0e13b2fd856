import { describe, expect, it } from 'vitest';
import { reportingRobot, type TestApi } from './reporting.ts';

export function purgeContract(api: TestApi, stored: (robotId: number) => Promise<unknown[]>): void {
  describe('a deleted robot', () => {
    it('leaves no metrics behind', async () => {
      const { owner, robot, send } = await reportingRobot(api);
      await send('m v=1\nsyslog message="x"');
      await api.call('DELETE', `/robots/${robot.id}`, { token: owner.token });
      // At least a series, a point and a log entry.
      expect((await stored(robot.id)).length).toBeGreaterThanOrEqual(2);
      await api.deps().store.purge(robot.id);
      await api.deps().catalog.purge(robot.id);
      expect(await stored(robot.id)).toEqual([]);
    });
  });
}
