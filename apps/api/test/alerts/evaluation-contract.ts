import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { alertLab, type TestApi } from './alert-lab.ts';

/** What must hold with every metrics store: each kind of condition, with real reports. */
export function evaluationContract(api: TestApi, options: { watchesAtOnce?: boolean } = {}): void {
  const lab = alertLab(api, options);
  beforeEach(() => lab.begin());

  const threshold = (more: object) => ({ kind: 'threshold', fn: 'last', window_s: 60, op: '>', value: 70, ...more });
  const temp = (more: object = {}) => threshold({ measurement: 'temp', field: 'temp', ...more });

  describe('a threshold', () => {
    it('fires when the worst series passes it, resolves past the hysteresis, and tells each once', async () => {
      const owner = await api.person();
      const robot = await api.pairedRobot(owner);
      const rule = await lab.rule(owner, temp({ clear_value: 60 }));
      const report = (soc: number) => lab.report(robot.token, `temp,sensor=soc temp=${soc}\ntemp,sensor=gpu temp=41`);
      await lab.pass(20, () => report(70));
      expect(await lab.alerts(owner)).toEqual([]);
      await lab.pass(20, () => report(75));
      const [alert] = await lab.alerts(owner);
      expect(alert).toMatchObject({ state: 'firing', value: 75, rule_id: rule.id, robot_id: robot.id, ended: null });
      await lab.pass(20, () => report(65));
      expect(await lab.states(owner)).toEqual(['firing']);
      await lab.pass(20, () => report(60));
      expect(await lab.alerts(owner)).toMatchObject([{ id: alert?.id, state: 'resolved', ended: 'recovered' }]);
      const of = { rule: rule.id, robot: robot.id };
      expect(await lab.told()).toMatchObject([
        { what: 'firing', value: 75, ...of },
        { what: 'resolved', ...of },
      ]);
    });

    it('waits for as long as the rule says, both ways', async () => {
      const owner = await api.person();
      const robot = await api.pairedRobot(owner);
      await lab.rule(owner, temp(), { for_s: 60, resolve_for_s: 60 });
      const at = (value: number) => () => lab.report(robot.token, `temp temp=${value}`);
      await lab.pass(50, at(80));
      expect(await lab.states(owner)).toEqual(['pending']);
      await lab.pass(20, at(20));
      expect(await lab.states(owner)).toEqual([]);
      await lab.pass(60, at(80));
      expect(await lab.states(owner)).toEqual(['pending']);
      await lab.pass(20, at(80));
      expect(await lab.states(owner)).toEqual(['firing']);
      await lab.pass(50, at(20));
      expect(await lab.states(owner)).toEqual(['firing']);
      await lab.pass(30, at(20));
      expect(await lab.states(owner)).toEqual(['resolved']);
      expect((await lab.told()).map(({ what }) => what)).toEqual(['firing', 'resolved']);
    });

    it('knows aggregates, tags, counters, texts, booleans and changes', async () => {
      const owner = await api.person();
      const robot = await api.pairedRobot(owner);
      const rules = new Map<string, number>();
      const rule = async (name: string, more: object) =>
        rules.set(name, (await lab.rule(owner, threshold({ measurement: 'm', ...more }))).id);
      await rule('mean', { field: 'v', fn: 'mean', value: 4 });
      await rule('min', { field: 'v', fn: 'min', op: '<', value: 2 });
      await rule('max', { field: 'v', fn: 'max', op: '>=', value: 10 });
      await rule('max of the right', { field: 'v', fn: 'max', tags: { side: 'right' } });
      await rule('sum', { field: 'v', fn: 'sum', value: 17 });
      await rule('count', { field: 'v', fn: 'count', op: '>=', value: 5 });
      await rule('increase', { field: 'n', fn: 'increase', op: '>', value: 4 });
      await rule('text', { field: 'mode', op: '==', value: 'fault' });
      await rule('other text', { field: 'mode', op: '!=', value: 'fault' });
      await rule('boolean', { field: 'on', op: '!=', value: true });
      await rule('changed', { field: 'mode', op: 'changed', value: undefined });
      await rule('unchanged', { field: 'on', op: 'changed', value: undefined });
      await rule('absent', { field: 'nothing', op: '<', value: 1e9 });
      await rule('of another type', { field: 'mode', fn: 'mean', op: '<', value: 1e9 });
      const start = lab.now();
      for (const [i, v] of [1, 2, 10, 2, 3].entries()) {
        const mode = i < 4 ? 'ok' : 'fault';
        await lab.report(
          robot.token,
          `m,side=left v=${v},n=${100 + i}i,mode="${mode}",on=false\nm,side=right v=5`,
          start + i * 5000,
        );
      }
      lab.skip(40);
      await lab.evaluate();
      const firing = (await lab.alerts(owner, '?state=firing')).map(({ rule_id, value }) => [rule_id, value]);
      const expected: [string, unknown][] = [
        ['mean', 5],
        ['min', 1],
        ['max', 10],
        ['sum', 25],
        ['count', 5],
        ['text', 'fault'],
        ['boolean', false],
        ['changed', 'fault'],
      ];
      expect(Object.fromEntries(firing)).toEqual(
        Object.fromEntries(expected.map(([name, value]) => [rules.get(name), value])),
      );
    });

    it('stays firing when the robot is silent, and says since when', async () => {
      const owner = await api.person();
      const robot = await api.pairedRobot(owner);
      await lab.rule(owner, temp());
      await lab.pass(20, () => lab.report(robot.token, 'temp temp=99'));
      await lab.pass(120);
      const [alert] = await lab.alerts(owner);
      expect(alert).toMatchObject({ state: 'firing', value: 99 });
      expect(Date.parse(String(alert?.quiet_since))).toBeGreaterThan(Date.parse(String(alert?.fired_at)));
      await lab.pass(20, () => lab.report(robot.token, 'temp temp=20'));
      expect(await lab.alerts(owner)).toMatchObject([{ state: 'resolved', ended: 'recovered' }]);
    });

    it('is not passed by a past that comes late', async () => {
      const owner = await api.person();
      const robot = await api.pairedRobot(owner);
      await lab.rule(owner, temp({ fn: 'max' }));
      await lab.pass(60, async (now) => {
        await lab.report(robot.token, 'temp temp=20');
        for (let s = 120; s < 3600; s += 400) await lab.report(robot.token, 'temp temp=99', now - s * 1000);
      });
      expect(await lab.alerts(owner)).toEqual([]);
    });
  });

  it('log entries that match are counted', async () => {
    const owner = await api.person();
    const [loud, calm] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
    await lab.rule(owner, { kind: 'log', level: 'err,crit', program: 'nav', q: 'lost', count: 3, window_s: 60 });
    const entry = (text: string, level = 'err') => `syslog level="${level}",program="nav",message="${text}"`;
    const start = lab.now();
    for (const i of [0, 1, 2]) await lab.report(loud.token, entry(`Lost the way, ${i}`), start + i);
    for (const i of [0, 1, 2]) await lab.report(calm.token, entry('lost', 'info'), start + i);
    await lab.report(calm.token, entry('lost once'), start + 10);
    await lab.pass(20);
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'firing', robot_id: loud.id, value: 3 }]);
    await lab.pass(60);
    expect(await lab.states(owner)).toEqual(['resolved']);
  });

  it('data of a measurement that has stopped is missed, of one that never came is not', async () => {
    const owner = await api.person();
    const [robot, other] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
    await lab.rule(owner, { kind: 'no_data', measurement: 'gps', after_s: 60 });
    const logs = await lab.rule(owner, { kind: 'no_data', measurement: 'syslog', after_s: 60 });
    const both = async (lines: string) => {
      await lab.report(robot.token, lines);
      await lab.report(other.token, 'mem used_percent=1');
    };
    await lab.pass(60, () => both('gps fix="3d"\nmem used_percent=1\nsyslog message="x"'));
    expect(await lab.alerts(owner)).toEqual([]);
    await lab.pass(40, () => both('mem used_percent=1\nsyslog message="x"'));
    expect(await lab.alerts(owner)).toEqual([]);
    await lab.pass(40, () => both('mem used_percent=1\nsyslog message="x"'));
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'firing', robot_id: robot.id, value: null }]);
    await lab.pass(20, () => both('gps fix="3d"'));
    expect(await lab.states(owner)).toEqual(['resolved']);
    await lab.pass(60, () => both('gps fix="3d"'));
    expect(await lab.alerts(owner, '?state=firing')).toMatchObject([{ rule_id: logs.id, robot_id: robot.id }]);
  });

  // What has arrived is known without the store.
  if (!options.watchesAtOnce)
    it('a store that is away tells nothing: no storm, and no all-clear', async () => {
      const owner = await api.person();
      const [hot, cold] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
      await lab.rule(owner, temp(), { for_s: 60 });
      await lab.rule(owner, { kind: 'no_data', measurement: 'temp', after_s: 120 });
      await lab.pass(100, async () => {
        await lab.report(hot.token, 'temp temp=90');
        await lab.report(cold.token, 'temp temp=20');
      });
      expect(await lab.states(owner)).toEqual(['firing']);
      const { store } = api.deps();
      const { windows } = store;
      store.windows = () => Promise.reject(new Error('away'));
      try {
        for (let s = 0; s < 300; s += 10) {
          lab.skip(10);
          await expect(lab.evaluate()).rejects.toThrow('away');
        }
      } finally {
        store.windows = windows;
      }
      expect(await lab.states(owner)).toEqual(['firing']);
      // Hot at once after its return, but for too short a time.
      await lab.pass(30, async () => {
        await lab.report(hot.token, 'temp temp=90');
        await lab.report(cold.token, 'temp temp=90');
      });
      expect((await lab.states(owner)).sort()).toEqual(['firing', 'pending']);
      expect((await lab.told()).map(({ robot }) => robot)).toEqual([hot.id]);
    });

  it('a rule sees its owner’s robots only, also after one has been given away', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [mine, theirs] = [await api.pairedRobot(owner), await api.pairedRobot(stranger)];
    const rule = await lab.rule(owner, temp());
    const both = async () => {
      await lab.report(mine.token, 'temp temp=90');
      await lab.report(theirs.token, 'temp temp=90');
    };
    await lab.pass(20, both);
    expect(await lab.alerts(owner)).toMatchObject([{ robot_id: mine.id, state: 'firing' }]);
    expect(await lab.alerts(stranger)).toEqual([]);
    const give = { token: admin.token, body: { owner_id: stranger.id } };
    expect((await api.call('PATCH', `/robots/${mine.id}`, give)).status).toBe(200);
    await lab.pass(20, both);
    expect(await lab.alerts(owner)).toEqual([]);
    expect(await lab.alerts(admin, `?rule_id=${rule.id}`)).toMatchObject([{ state: 'resolved', ended: 'not_watched' }]);
    expect((await lab.told()).map(({ what }) => what)).toEqual(['firing']);
    const { rows } = await sql`select from alerts where state <> 'resolved'`.execute(api.deps().db);
    expect(rows).toEqual([]);
  });
}
