import type { useTestApi } from '../../support/test-api.ts';

export type TestApi = ReturnType<typeof useTestApi>;

/** Seconds since 1970. */
export const now = () => Math.floor(Date.now() / 1000);

/** A reporting robot, and what its owner can read about it. */
export async function reportingRobot(api: TestApi) {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner, 'Bench, left');
  const read = async (measurement: string, query = '') =>
    (await api.call('GET', `/robots/${robot.id}/metrics/${measurement}?from=-10m${query}`, { token: owner.token }))
      .body;
  const logs = async (query = '') =>
    (await api.call('GET', `/robots/${robot.id}/logs?from=-10m${query}`, { token: owner.token })).body;
  return {
    owner,
    robot,
    read,
    logs,
    send: (lines: string | Buffer, headers = {}, query = '') => api.report(robot.token, lines, headers, query),
  };
}
