import { describe, expect, it } from 'vitest';
import { now, reportingRobot, type TestApi } from './reporting.ts';

export function fleetContract(api: TestApi): void {
  describe('the newest figures', () => {
    it('shows the latest figures in the fleet', async () => {
      const { owner, robot, send } = await reportingRobot(api);
      await send(
        'cpu,cpu=cpu-total usage_idle=75\nmem used_percent=40\ndisk,path=/ used_percent=50\ndisk,path=/data used_percent=90\ntemp,sensor=soc temp=61\ntemp,sensor=gpu temp=55\nsystem load1=0.5\nsystem uptime=100i',
      );
      const { body } = await api.call('GET', '/robots', { token: owner.token });
      expect(body.items[0]).toMatchObject({
        id: robot.id,
        latest: { cpu_percent: 25, memory_percent: 40, disk_percent: 50, temperature_c: 61, load1: 0.5, uptime_s: 100 },
      });
    });

    it('shows the figures of robots whose clocks are a day off, either way', async () => {
      const owner = await api.person();
      const [slow, fast, usual] = [
        await api.pairedRobot(owner),
        await api.pairedRobot(owner),
        await api.pairedRobot(owner),
      ];
      await api.report(slow.token, `mem used_percent=10 ${now() - 20 * 3600}`, {}, '?precision=s');
      await api.report(fast.token, `mem used_percent=20 ${now() + 20 * 3600}`, {}, '?precision=s');
      await api.report(usual.token, `mem used_percent=30 ${now() - 2 * 3600}\nmem used_percent=31`, {}, '?precision=s');
      await api.deps().presence.flush();
      const { body } = await api.call('GET', '/robots?sort=created_at', { token: owner.token });
      expect(body.items.map((robot: { latest: { memory_percent: number } }) => robot.latest.memory_percent)).toEqual([
        10, 20, 31,
      ]);
    });

    it('uses a CPU series without a tag as the total, and never a single core', async () => {
      const owner = await api.person();
      const [whole, parts] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
      await api.report(whole.token, 'cpu usage_idle=60');
      await api.report(parts.token, 'cpu,cpu=cpu0 usage_idle=60\ncpu,cpu=cpu1 usage_idle=10');
      const { body } = await api.call('GET', '/robots?sort=created_at', { token: owner.token });
      expect(body.items.map((robot: { latest: { cpu_percent: number } }) => robot.latest.cpu_percent)).toEqual([
        40,
        null,
      ]);
      const ids = `${whole.id},${parts.id}`;
      const { items } = (await api.call('GET', `/robots/trends?ids=${ids}`, { token: owner.token })).body;
      expect(items.map((trend: { cpu_percent: number[] }) => trend.cpu_percent.at(-1))).toEqual([40, null]);
    });
  });

  describe('GET /api/robots/trends', () => {
    it('gives the last hour of many robots, minute by minute', async () => {
      const [first, second] = [await reportingRobot(api), await reportingRobot(api)];
      const minute = Math.floor(now() / 60) * 60 - 300;
      const lines = [
        `cpu,cpu=cpu-total usage_idle=70 ${minute}`,
        `cpu,cpu=cpu-total usage_idle=90 ${minute + 30}`,
        `temp,sensor=soc temp=50 ${minute}`,
        `temp,sensor=gpu temp=60 ${minute}`,
        `temp,sensor=odd temp="hot" ${minute}`,
        `disk,path=/ used_percent=30 ${minute + 60}`,
        `disk,path=/data used_percent=95 ${minute + 60}`,
      ];
      await first.send(lines.join('\n'), {}, '?precision=s');
      const admin = await api.person('admin');
      const ids = `${first.robot.id},${second.robot.id}`;
      const { status, body } = await api.call('GET', `/robots/trends?ids=${ids}`, { token: admin.token });
      expect(status).toBe(200);
      const [trend, empty] = body.items;
      const window = (minute * 1000 - Date.parse(trend.from)) / 60_000;
      expect(trend).toMatchObject({ robot_id: first.robot.id, every_s: 60 });
      expect([trend.cpu_percent[window], trend.temperature_c[window], trend.disk_percent[window]]).toEqual([
        20,
        60,
        null,
      ]);
      expect(trend.disk_percent[window + 1]).toBe(30);
      expect(trend.cpu_percent).toHaveLength(60);
      expect(empty.memory_percent).toEqual(Array(60).fill(null));
    });

    it('covers all robots, whatever numbers one of them sends', async () => {
      const [absurd, usual] = [await reportingRobot(api), await reportingRobot(api)];
      const at = Math.floor(now() / 60) * 60 - 120;
      const values = ['1e200', '-1e200', '1.7e308', '1.7e308', '-1.7e308', '5e-324'];
      const lines = values.flatMap((value, i) => [
        `cpu,cpu=cpu-total usage_idle=${value} ${at + i}`,
        `temp,sensor=soc temp=${value} ${at + i}`,
        `mem used_percent=${value} ${at + i}`,
      ]);
      const newest = `cpu,cpu=cpu-total usage_idle=-1.7e308 ${at + 60}`;
      expect((await absurd.send([...lines, newest].join('\n'), {}, '?precision=s')).status).toBe(204);
      // The sum of a minute whose mean is too small for a double.
      await absurd.send(
        `tiny v=5e-324 ${at}\ntiny v=0 ${at + 1}\ntemp,sensor=x temp=5e-324 ${at - 60}\ntemp,sensor=x temp=0 ${at - 59}`,
        {},
        '?precision=s',
      );
      await usual.send('mem used_percent=40');
      const admin = await api.person('admin');
      const ids = `${absurd.robot.id},${usual.robot.id}`;
      const { status, body } = await api.call('GET', `/robots/trends?ids=${ids}`, { token: admin.token });
      expect(status).toBe(200);
      expect(body.items[1].memory_percent).toContain(40);
      expect((await api.call('GET', '/robots', { token: admin.token })).status).toBe(200);
      for (const fn of ['mean', 'sum', 'min', 'max', 'last', 'count'])
        expect((await absurd.read('mem', `&fn=${fn}&every=1m`)).measurement, fn).toBe('mem');
      expect((await absurd.read('tiny', '&fn=mean&every=1m')).series[0].points[0][1]).toBeCloseTo(0);
      expect((await absurd.read('mem', '&fn=max&every=1m')).series[0].points).toEqual([[at * 1000, 1.7e308]]);
    });

    it('omits other users’ robots, and refuses invalid queries', async () => {
      const [mine, other] = [await reportingRobot(api), await reportingRobot(api)];
      const ask = (ids: string) => api.call('GET', `/robots/trends?ids=${ids}`, { token: mine.owner.token });
      const { body } = await ask(`${other.robot.id},${mine.robot.id},999999`);
      expect(body.items.map((item: { robot_id: number }) => item.robot_id)).toEqual([mine.robot.id]);
      expect((await ask(String(other.robot.id))).body.items).toEqual([]);
      for (const ids of ['', '1,', 'x', Array(201).fill('1').join()]) expect((await ask(ids)).status, ids).toBe(400);
      expect((await api.call('GET', '/robots/trends?ids=1')).status).toBe(401);
    });
  });
}
