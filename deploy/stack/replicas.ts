import { describe, expect, it } from 'vitest';
import { containers, type Running, service, wait } from './running.ts';

export function replicaTests(given: () => Running): void {
  describe('three replicas', () => {
    it('share reports, events and the limit of sign-in attempts', async () => {
      await given().stack.compose('up', '--detach', '--wait', '--scale', 'api=3');
      const token = await given().client.signIn();
      const robot = await given().client.pair(token, '27182818');
      const events = await Promise.all([1, 2, 3].map(() => given().client.events(token)));
      const now = Math.floor(Date.now() / 1000);
      const reports = Array.from({ length: 60 }, (_, i) =>
        given().client.call('POST', '/metrics?precision=s', { token: robot.token, body: `steps n=${i}i ${now - i}` }),
      );
      expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(reports.map(() => 204));
      const { body } = await given().client.call(
        'GET',
        `/robots/${robot.id}/metrics/steps?fn=count&every=1d&from=-1h`,
        {
          token,
        },
      );
      const counts = body.series.flatMap(({ points }: { points: [number, number][] }) => points.map(([, n]) => n));
      expect(counts.reduce((sum: number, n: number) => sum + n, 0)).toBe(60);

      const second = await given().client.pair(token, '16180339');
      for (const { text } of events) await expect.poll(text, wait).toContain(`"robot_id":${second.id}`);
      await Promise.all(events.map(({ close }) => close()));

      const reads = Array.from({ length: 12 }, () => given().client.call('GET', '/robots', { token }));
      expect((await Promise.all(reads)).map(({ status }) => status)).toEqual(Array(12).fill(200));
      // Every replica has open connections from the edge: local port 9100 (238C), state 1.
      const replicas = (await containers(given().stack)).filter((container) => service(container) === 'api');
      expect(replicas).toHaveLength(3);
      for (const { Name } of replicas) {
        const sockets = await given().stack.docker(['exec', Name.slice(1), 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
        expect(sockets).toMatch(/:238C [0-9A-F]+:[0-9A-F]{4} 01/);
      }

      const statuses: number[] = [];
      for (let attempt = 0; attempt < 14; attempt++) {
        const body = { email: 'nobody@lab.example', password: 'wrong' };
        statuses.push((await given().client.call('POST', '/auth/login', { body })).status);
      }
      expect(statuses).toEqual([...Array(10).fill(401), ...Array(4).fill(429)]);
      await given().stack.compose('up', '--detach', '--wait', '--no-deps', '--scale', 'api=1', 'api');
    });
  });
}
