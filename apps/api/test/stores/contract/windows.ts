import { describe, expect, it } from 'vitest';
import type { WindowFunction } from '../../../src/stores/index.ts';
import { now, reportingRobot, type TestApi } from './reporting.ts';

export function windowsContract(api: TestApi): void {
  describe('windows of many robots', () => {
    const signal = () => AbortSignal.timeout(20_000);

    it('answers with an aggregate for each series with the tags', async () => {
      const [one, other, silent] = [await reportingRobot(api), await reportingRobot(api), await reportingRobot(api)];
      const at = now() - 60;
      const lines = [
        `cpu,cpu=cpu-total usage_idle=10 ${at}`,
        `cpu,cpu=cpu-total usage_idle=30 ${at + 10}`,
        `cpu,cpu=cpu0 usage_idle=99 ${at}`,
        `w,side=left v=1,state="up",on=true,n=100i ${at}`,
        `w,side=left v=4,state="down",on=true,n=130i ${at + 10}`,
        `w,side=left v=2,state="down",on=true,n=5i ${at + 20}`,
        `w,side=right v=50,n=7i ${at + 10}`,
        // Outside the window.
        `w,side=left v=1000,state="odd",on=false,n=900i ${at - 1}`,
        `w,side=left v=1000,state="odd",on=false,n=900i ${at + 30}`,
      ];
      expect((await one.send(lines.join('\n'), {}, '?precision=s')).status).toBe(204);
      // The same again: a retry counts once.
      expect((await one.send(lines.join('\n'), {}, '?precision=s')).status).toBe(204);
      await other.send(`cpu usage_idle=70 ${at}\nw,side=left v=-3 ${at}`, {}, '?precision=s');
      await silent.send(`other v=1 ${at}`, {}, '?precision=s');
      const robotIds = [one, other, silent].map(({ robot }) => robot.id);
      const ask = async (field: string | null, fn: WindowFunction, tags = {}, measurement = 'w', ids = robotIds) => {
        const query = { robotIds: ids, from: at * 1000, to: (at + 30) * 1000 };
        const questions = [
          { measurement: 'absent', field, tags, fn },
          { measurement, field, tags, fn },
        ];
        const answers = await api.deps().store.windows({ ...query, questions }, signal());
        expect(answers.filter(({ question }) => question !== 1)).toEqual([]);
        const sorted = answers.map(({ robotId, value }) => [robotIds.indexOf(robotId), value] as const);
        return sorted.sort((a, b) => a[0] - b[0] || Number(a[1]) - Number(b[1]));
      };
      expect(await ask('v', 'max')).toEqual([
        [0, 4],
        [0, 50],
        [1, -3],
      ]);
      expect(await ask('v', 'max', { side: 'right' })).toEqual([[0, 50]]);
      expect(await ask('v', 'max', {}, 'w', [robotIds[1] as number])).toEqual([[1, -3]]);
      const left = { side: 'left' };
      expect(await ask('v', 'min', left)).toEqual([
        [0, 1],
        [1, -3],
      ]);
      expect((await ask('v', 'mean', left))[0]?.[1]).toBeCloseTo(7 / 3);
      expect((await ask('v', 'sum', left))[0]).toEqual([0, 7]);
      expect((await ask('v', 'count', left))[0]).toEqual([0, 3]);
      expect((await ask('v', 'last', left))[0]).toEqual([0, 2]);
      expect(await ask('n', 'increase', left)).toEqual([[0, 35]]);
      expect(await ask('n', 'increase', { side: 'right' })).toEqual([[0, 0]]);
      expect(await ask('state', 'last', left)).toEqual([[0, 'down']]);
      expect(await ask('on', 'last', left)).toEqual([[0, true]]);
      expect(await ask('state', 'changed', left)).toEqual([[0, true]]);
      expect(await ask('on', 'changed', left)).toEqual([[0, false]]);
      expect(await ask('v', 'changed', left)).toEqual([
        [0, true],
        [1, false],
      ]);
      expect(await ask('state', 'mean')).toEqual([]);
      const anything = (await ask(null, 'count')).map(([robot]) => robot);
      expect([...new Set(anything)]).toEqual([0, 1]);
      expect(await ask('usage_idle', 'mean', { cpu: 'cpu-total' }, 'cpu')).toEqual([
        [0, 20],
        [1, 70],
      ]);
    });

    it('counts log entries that match', async () => {
      const [one, other] = [await reportingRobot(api), await reportingRobot(api)];
      const at = now() - 60;
      const entry = (i: number, level: string, program: string, message: string) =>
        `syslog level="${level}",program="${program}",message="${message}" ${at + i}`;
      const lines = [
        entry(0, 'err', 'nav', 'lost the map'),
        entry(1, 'ERR', 'nav', 'Lost the way 100%'),
        entry(2, 'info', 'nav', 'found'),
        entry(3, 'crit', 'kernel', 'hot'),
        entry(40, 'err', 'nav', 'lost, but too late'),
      ];
      await one.send(lines.join('\n'), {}, '?precision=s');
      await other.send(entry(0, 'err', 'nav', 'lost'), {}, '?precision=s');
      const [a, b] = [one.robot.id, other.robot.id];
      const filters = [{}, { level: ['err', 'crit'] }, { q: 'LOST' }, { program: 'nav', level: ['err'] }, { q: '0%' }];
      const count = async (robotIds: number[]) => {
        const query = { robotIds, filters, from: at * 1000, to: (at + 30) * 1000 };
        const found = await api.deps().store.logMatches(query, signal());
        return filters.map((_, i) =>
          [a, b].map((id) => found.find(({ robotId, filter }) => robotId === id && filter === i)?.count ?? 0),
        );
      };
      expect(await count([a, b])).toEqual([
        [4, 1],
        [3, 1],
        [2, 1],
        [2, 1],
        [1, 0],
      ]);
      expect((await count([b]))[0]).toEqual([0, 1]);
    });

    it('takes the text that log entries are searched for as it is', async () => {
      const { robot, send } = await reportingRobot(api);
      const at = now() - 60;
      const texts = [
        'a/b(c)[d]{e}*+?^$|.',
        'back\\slash',
        'say \\"hi\\"',
        'Жёлтый ÉTÉ',
        '\u{1f916} & co',
        "it's #1 -- x",
        '#{r._value}',
      ];
      const quoted = (text: string) => text.replace(/[\\"]/g, '\\$&');
      const lines = texts.map((text, i) => `syslog program="${quoted(text)}",message="<${quoted(text)}>" ${at + i}`);
      await send(lines.join('\n'), {}, '?precision=s');
      const filters = texts.flatMap((text) => [
        { q: text.toLowerCase() },
        { q: text.toUpperCase() },
        { program: text, q: text },
      ]);
      const query = {
        robotIds: [robot.id],
        filters: [...filters, { q: '.*' }, { program: '.*' }],
        from: at * 1000,
        to: (at + 30) * 1000,
      };
      const found = await api.deps().store.logMatches(query, signal());
      expect(found.map(({ filter, count }) => [filter, count])).toEqual(filters.map((_, i) => [i, 1]));
    });
  });
}
