import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { now, reportingRobot, type TestApi } from './reporting.ts';

export function seriesContract(api: TestApi): void {
  describe('reading', () => {
    it('keeps series apart whatever their tags are called', async () => {
      const { read, send } = await reportingRobot(api);
      expect((await send('m,_x=a v=1\nm,_x=b v=2\nm,_y=c v=3')).status).toBe(204);
      const { series } = await read('m', '&fn=last');
      expect(series.map(({ tags }: { tags: object }) => JSON.stringify(tags)).sort()).toEqual([
        '{"_x":"a"}',
        '{"_x":"b"}',
        '{"_y":"c"}',
      ]);
      for (const tag of ['_value', '_time', '_start', '_stop', 'result', 'table'])
        expect((await send(`m,${tag}=a v=1`)).status, tag).toBe(400);
    });

    it('finds a field by its name, white space at its end included', async () => {
      const { read, send } = await reportingRobot(api);
      expect((await send('m f\\ =1,g=2,h=3')).status).toBe(204);
      const fieldsOf = async (asked: string) => {
        const { series } = await read('m', `&fn=last&fields=${encodeURIComponent(asked)}`);
        return series.map(({ field }: { field: string }) => field).sort();
      };
      expect(await fieldsOf('f ')).toEqual(['f ']);
      expect(await fieldsOf('f')).toEqual([]);
      expect(await fieldsOf('g, h')).toEqual(['g', 'h']);
    });

    it('downsamples in windows with every function', async () => {
      const { send, read } = await reportingRobot(api);
      const start = Math.floor(now() / 60) * 60 - 120;
      await send([10, 20, 60].map((v, i) => `m v=${v},s="x" ${start + i * 10}`).join('\n'), {}, '?precision=s');
      await send(`m other=5 ${start + 5}\nm other=7 ${start + 40}`, {}, '?precision=s');
      const value = async (fn: string) => (await read('m', `&fields=v&every=1m&fn=${fn}`)).series[0].points;
      for (const [fn, expected] of Object.entries({ mean: 30, min: 10, max: 60, last: 60, sum: 90, count: 3 })) {
        expect(await value(fn), fn).toEqual([[start * 1000, expected]]);
      }
      expect((await read('m', '&every=1m')).series.map((s: { field: string }) => s.field)).toEqual(['other', 'v']);
    });

    it('returns the last value of booleans and strings, and refuses to calculate with them', async () => {
      const { send, read } = await reportingRobot(api);
      const start = Math.floor(now() / 60) * 60 - 120;
      const states = [
        `state estop=false,mode="idle",speed=1 ${start + 1}`,
        `state estop=true,mode="docking, \\"slow\\"",speed=3 ${start + 20}`,
        `state mode="idle" ${start + 61}`,
      ];
      expect((await send(states.join('\n'), {}, '?precision=s')).status).toBe(204);
      const of = (reply: { series: { field: string; points: unknown[] }[] }) =>
        Object.fromEntries(reply.series.map(({ field, points }) => [field, points]));
      expect(of(await read('state', '&every=1m&fn=last'))).toEqual({
        estop: [[start * 1000, true]],
        mode: [
          [start * 1000, 'docking, "slow"'],
          [(start + 60) * 1000, 'idle'],
        ],
        speed: [[start * 1000, 3]],
      });
      expect(of(await read('state', '&every=1m&fn=last&fields=mode,estop'))).not.toHaveProperty('speed');
      for (const fn of ['mean', 'min', 'max', 'sum', 'count']) {
        expect(Object.keys(of(await read('state', `&every=1m&fn=${fn}`))), fn).toEqual(['speed']);
        const { status, detail } = await read('state', `&every=1m&fn=${fn}&fields=speed,mode`);
        expect([status, detail], fn).toEqual([400, expect.stringContaining('"mode" is a string')]);
      }
      expect((await read('state', '&fields=estop')).detail).toContain('fn=last');
    });

    it('returns when a last value was measured', async () => {
      const { send, read } = await reportingRobot(api);
      const start = Math.floor(now() / 60) * 60 - 120;
      const at = (second: number, ms = 0) => `${start + second}${String(ms).padStart(3, '0')}000000`;
      const lines = [
        `net,interface=eth0 a=1,b=1 ${at(5)}`,
        `net,interface=eth0 a=2 ${at(58, 250)}`,
        `net,interface=eth0 b=7 ${at(61, 750)}`,
      ];
      expect((await send(lines.join('\n'))).status).toBe(204);
      const { series } = await read('net', '&every=1m&fn=last&times=sample');
      expect(series.map((one: { field: string; points: unknown[] }) => [one.field, one.points])).toEqual([
        ['a', [[start * 1000 + 58_250, 2]]],
        [
          'b',
          [
            [start * 1000 + 5_000, 1],
            [start * 1000 + 61_750, 7],
          ],
        ],
      ]);
      expect((await read('net', '&every=1m&fn=last&times=window')).series[0].points).toEqual([[start * 1000, 2]]);
      const many = Array.from({ length: 60 }, (_, i) => `f${i}=${i}`).join();
      await send(`wide ${many} ${at(7, 500)}`);
      expect((await read('wide', '&every=1m&fn=last&times=sample')).series[59].points[0][0]).toBe(start * 1000 + 7_500);
      expect((await read('net', '&fn=mean&times=sample')).detail).toContain('fn=last');
    });

    it('answers invalid queries with 400 and unknown names with an empty result', async () => {
      const { owner, robot, read } = await reportingRobot(api);
      for (const query of [
        'from=yesterday',
        'from=-1h&to=-2h',
        'every=0s',
        'every=banana',
        'from=-30d&every=1s',
        'fn=median',
        'fields=%00',
        'from=0001-01-01T00:00:00Z&to=0002-01-01T00:00:00Z',
        'from=2300-01-01T00:00:00Z&to=2301-01-01T00:00:00Z',
        'from=-9999999w',
        'to=9999999w',
        'every=9999999d',
        'every=9999999w',
      ]) {
        expect(
          (await api.call('GET', `/robots/${robot.id}/metrics/cpu?${query}`, { token: owner.token })).status,
          query,
        ).toBe(400);
      }
      expect(await read("nothing'; drop table users; --")).toMatchObject({ series: [] });
      expect(await read('%00')).toMatchObject({ code: 'validation_failed' });
      for (const range of [
        '1700-01-01T00:00:00Z&to=1710-01-01T00:00:00Z',
        '2240-01-01T00:00:00Z&to=2249-12-31T00:00:00Z',
      ])
        for (const every of ['auto', '3700d'])
          expect(
            (
              await api.call('GET', `/robots/${robot.id}/metrics/m?from=${range}&every=${every}`, {
                token: owner.token,
              })
            ).body.series,
          ).toEqual([]);
    });

    it('returns all of two thousand fields, and refuses too many values', async () => {
      const { send, read } = await reportingRobot(api);
      const at = now();
      const fields = Array.from({ length: 1_988 }, (_, i) => `f${i}=${i}`).concat('a.b|c=1', 'x/(y)=2');
      // A line has at most a thousand fields; two lines of the same series and time make one point.
      const wide = (time: number) =>
        [fields.slice(0, 1_000), fields.slice(1_000)].map((half) => `wide ${half.join()} ${time}`).join('\n');
      expect((await send(wide(at), {}, '?precision=s')).status).toBe(204);
      const { series } = await read('wide', '&every=1m');
      expect(series).toHaveLength(1_990);
      expect(series.find(({ field }: { field: string }) => field === 'f1987').points[0][1]).toBe(1987);
      const more = Array.from({ length: 260 }, (_, i) => wide(at - 2 * (i + 1)));
      for (let i = 0; i < more.length; i += 65)
        expect((await send(more.slice(i, i + 65).join('\n'), {}, '?precision=s')).status).toBe(204);
      const tooMany = await read('wide', '&every=1s');
      expect([tooMany.status, tooMany.code]).toEqual([400, 'validation_failed']);
      expect(tooMany.detail).toContain('fewer fields');
      expect((await read('wide', '&every=1s&fields=f0')).series[0].points).toHaveLength(261);
    });

    it('returns long texts up to the limit of a reply, and beyond it says what to narrow', async () => {
      const { owner, send, read, logs } = await reportingRobot(api);
      const at = now();
      const long = 'x'.repeat(65_000);
      const body = (line: (second: number) => string, from: number) =>
        gzipSync(Array.from({ length: 25 }, (_, i) => line(at - from - i)).join('\n'));
      for (let from = 0; from < 175; from += 25) {
        for (const line of [
          (second: number) => `syslog message="${second} ${long}" ${second}`,
          (second: number) => `disk,path=/ used_percent=50,note="${second} ${long}" ${second}`,
        ])
          expect((await send(body(line, from), { 'content-encoding': 'gzip' }, '?precision=s')).status).toBe(204);
      }
      const pages = [await logs('&limit=1000')];
      while (pages.at(-1).next_cursor) pages.push(await logs(`&limit=1000&cursor=${pages.at(-1).next_cursor}`));
      expect(pages.length).toBeGreaterThan(1);
      for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(16 << 20);
      const seconds = pages.flatMap(({ items }) =>
        items.map((e: { message: string }) => Number.parseInt(e.message, 10)),
      );
      expect(seconds).toEqual(Array.from({ length: 175 }, (_, i) => at - i));

      const tooLong = await read('disk', '&fields=note&fn=last&every=1s');
      expect([tooLong.status, tooLong.code]).toEqual([400, 'validation_failed']);
      expect(tooLong.detail).toContain('a longer every');
      const { series } = await read('disk', '&fields=note&fn=last&every=10m');
      expect(series[0].points.at(-1)[1]).toBe(`${at} ${long}`);
      expect((await read('disk', '&fields=used_percent&fn=last&every=1s')).series[0].points).toHaveLength(175);
      const fleet = await api.call('GET', '/robots', { token: owner.token });
      expect(fleet.body.items[0].latest.disk_percent).toBe(50);
    });
  });
}
