import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { useTestApi } from '../support/test-api.ts';

export const CONTRACT_SETTINGS = { INGEST_MAX_UNPACKED_BYTES: '2000000', ROBOT_LINES_PER_SECOND: '100' };

/** What every metrics store answers alike. @param stored reads from the store itself what there is of a robot */
export function metricsContract(api: ReturnType<typeof useTestApi>, stored: (robotId: number) => Promise<unknown[]>) {
  const now = () => Math.floor(Date.now() / 1000);

  async function reporting() {
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

  describe('POST /api/metrics', () => {
    it('stores every line of a gzipped body and gives it back', async () => {
      const { send, read } = await reporting();
      const at = now();
      const body = gzipSync(
        `cpu,cpu=cpu-total usage_idle=90,usage_user=7i ${at}000000000\ncpu,cpu=cpu0 usage_idle=80,usage_user=9i ${at}000000000\n`,
      );
      expect((await send(body, { 'content-encoding': 'gzip' })).status).toBe(204);
      const { series } = await read('cpu', '&fields=usage_idle&every=1s');
      expect(series).toEqual([
        { field: 'usage_idle', tags: { cpu: 'cpu-total' }, points: [[at * 1000, 90]] },
        { field: 'usage_idle', tags: { cpu: 'cpu0' }, points: [[at * 1000, 80]] },
      ]);
    });

    it('overwrites same series and time, merges their fields, and keeps 64-bit integers whole', async () => {
      const { send, read } = await reporting();
      const at = now();
      await send(`m a=1,n=18446744073709551615u ${at}\nm a=2 ${at}`, {}, '?precision=s');
      await send(`m b=3 ${at}`, {}, '?precision=s');
      const { series } = await read('m', '&fn=last&every=1s');
      expect(series.map((s: { field: string; points: number[][] }) => [s.field, s.points[0]?.[1]])).toEqual([
        ['a', 2],
        ['b', 3],
        ['n', 18446744073709552000],
      ]);
    });

    it('keeps the good lines when others are bad, and names the bad ones', async () => {
      const { send, read } = await reporting();
      const reply = await send('m v=1\nbad line\nm v="text"\n# comment\n\nm,t=1 v=2\n');
      expect(reply.status).toBe(422);
      expect(reply.body).toMatchObject({ code: 'lines_rejected', accepted: 2, rejected: 2, rejected_lines: [2, 3] });
      expect(reply.body.reasons[1].reason).toContain('is float, not string');
      expect((await read('m', '&fn=count')).series).toHaveLength(2);
    });

    it('stores nothing of a request without one usable line', async () => {
      const { send } = await reporting();
      for (const body of ['', '\n\n', '# only a comment', 'nonsense', Buffer.from([0xff, 0xfe, 0x00])])
        expect((await send(body)).status).toBe(400);
      expect((await send('not gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
      expect((await send('m v=1', { 'content-encoding': 'br' })).status).toBe(415);
      expect((await send('m v=1', {}, '?precision=h')).status).toBe(400);
    });

    it('refuses unknown tokens before anything else', async () => {
      for (const token of ['', 'unknown', 'x'.repeat(5000)])
        expect((await api.report(token, 'm v=1')).status).toBe(401);
    });

    it('answers 413 to a body that unpacks too large, at bounded cost', async () => {
      const { send } = await reporting();
      const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
      expect(bomb.length).toBeLessThan(25_000);
      const before = process.memoryUsage().rss;
      const replies = await Promise.all(Array.from({ length: 20 }, () => send(bomb, { 'content-encoding': 'gzip' })));
      expect(replies.map((reply) => reply.status)).toEqual(Array(20).fill(413));
      expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    });

    it('slows down a robot that sends too much, and nobody else', async () => {
      const [greedy, other] = [await reporting(), await reporting()];
      const lines = Array.from({ length: 4000 }, (_, i) => `flood v=${i} ${now()}${String(i).padStart(9, '0')}`).join(
        '\n',
      );
      expect((await greedy.send(gzipSync(lines), { 'content-encoding': 'gzip' })).status).toBe(204);
      const refused = await greedy.send('m v=1');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect((await other.send('m v=1')).status).toBe(204);
    });

    it('refuses points outside retention and from a far future', async () => {
      const { send } = await reporting();
      const reply = await send(
        `m v=1 ${now() - 40 * 86_400}\nm v=1 ${now() + 3 * 86_400}\nm v=1 ${now()}`,
        {},
        '?precision=s',
      );
      expect(reply.body.reasons.map((r: { reason: string }) => r.reason)).toEqual([
        expect.stringContaining('older than the retention'),
        expect.stringContaining('future'),
      ]);
    });

    it('refuses names too long to be kept, and stores what came beside them', async () => {
      const hostile = await reporting();
      const others = [await reporting(), await reporting()];
      const long = (bytes: number) => randomBytes(bytes).toString('base64url').slice(0, bytes);
      const [fits, tooLong, huge] = [long(256), long(257), long(6_000)];
      const lines = [
        `m,t=${huge} v=1`,
        `${fits} ${fits}=1`,
        `${tooLong} v=1`,
        `m ${tooLong}=1`,
        `${huge} v=1`,
        `m ${huge}=1`,
        `m,${huge}=${'x'.repeat(64_000)} v=1`,
      ];
      const [bad, ...good] = await Promise.all([
        hostile.send(lines.join('\n')),
        ...others.map(({ send }) => send('m v=1')),
      ]);
      expect(good.map((reply) => reply.status)).toEqual([204, 204]);
      expect(bad.body).toMatchObject({ status: 422, accepted: 2, rejected_lines: [3, 4, 5, 6, 7] });
      expect(bad.body.reasons[0].reason).toBe('measurement is longer than 256 bytes');
      expect((await hostile.read(fits)).series).toMatchObject([{ field: fits }]);
    });

    it('lets nobody else suffer when what one robot brings cannot be noted', async () => {
      const hostile = await reporting();
      const others = [await reporting(), await reporting()];
      const { db } = api.deps();
      await sql`
        create function refuse_field() returns trigger language plpgsql as
          $$ begin if new.field = 'poison' then raise exception 'refused'; end if; return new; end $$;
        create trigger refuse_field before insert on metric_fields for each row execute function refuse_field()`.execute(
        db,
      );
      const [bad, ...good] = await Promise.all([
        hostile.send('m poison=1'),
        ...others.map(({ send }) => send('m fresh=1')),
      ]);
      await sql`drop trigger refuse_field on metric_fields; drop function refuse_field`.execute(db);
      expect(good.map((reply) => reply.status)).toEqual([204, 204]);
      expect(bad.status).toBe(500);
    });

    it('never lets one robot write as another', async () => {
      const [a, b] = [await reporting(), await reporting()];
      await a.send(`cpu,robot_id=${b.robot.id},robot=b,host\\name=x usage_idle=1`);
      expect((await b.read('cpu')).series).toEqual([]);
      expect((await a.read('cpu')).series[0].tags).toEqual({ 'host\\name': 'x' });
    });
  });

  describe('reading', () => {
    it('down-samples in windows, by each function', async () => {
      const { send, read } = await reporting();
      const start = Math.floor(now() / 60) * 60 - 120;
      await send([10, 20, 60].map((v, i) => `m v=${v},s="x" ${start + i * 10}`).join('\n'), {}, '?precision=s');
      await send(`m other=5 ${start + 5}\nm other=7 ${start + 40}`, {}, '?precision=s');
      const value = async (fn: string) => (await read('m', `&fields=v&every=1m&fn=${fn}`)).series[0].points;
      for (const [fn, expected] of Object.entries({ mean: 30, min: 10, max: 60, last: 60, sum: 90, count: 3 })) {
        expect(await value(fn), fn).toEqual([[start * 1000, expected]]);
      }
      expect((await read('m', '&every=1m')).series.map((s: { field: string }) => s.field)).toEqual(['other', 'v']);
    });

    it('answers booleans and strings by their last value, and refuses to reckon with them', async () => {
      const { send, read } = await reporting();
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

    it('tells when a last value was measured', async () => {
      const { send, read } = await reporting();
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

    it('answers nonsense with 400 and what is not there with nothing', async () => {
      const { owner, robot, read } = await reporting();
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

    it('gives all of two thousand fields, and refuses more values than a reply should have', async () => {
      const { send, read } = await reporting();
      const at = now();
      const fields = Array.from({ length: 1_988 }, (_, i) => `f${i}=${i}`).concat('a.b|c=1', 'x/(y)=2');
      // A line has at most a thousand fields; lines of one series and time are one point.
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

    it('gives long texts as far as a reply may have them, and says what to narrow', async () => {
      const { owner, send, read, logs } = await reporting();
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

    it('shows the latest figures in the fleet', async () => {
      const { owner, robot, send } = await reporting();
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

    it('takes a CPU without parts for the whole, and parts for no whole', async () => {
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
      const [first, second] = [await reporting(), await reporting()];
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

    it('is given for all, whatever numbers one of them sends', async () => {
      const [absurd, usual] = [await reporting(), await reporting()];
      const at = Math.floor(now() / 60) * 60 - 120;
      const values = ['1e200', '-1e200', '1.7e308', '1.7e308', '-1.7e308', '5e-324'];
      const lines = values.flatMap((value, i) => [
        `cpu,cpu=cpu-total usage_idle=${value} ${at + i}`,
        `temp,sensor=soc temp=${value} ${at + i}`,
        `mem used_percent=${value} ${at + i}`,
      ]);
      const newest = `cpu,cpu=cpu-total usage_idle=-1.7e308 ${at + 60}`;
      expect((await absurd.send([...lines, newest].join('\n'), {}, '?precision=s')).status).toBe(204);
      await usual.send('mem used_percent=40');
      const admin = await api.person('admin');
      const ids = `${absurd.robot.id},${usual.robot.id}`;
      const { status, body } = await api.call('GET', `/robots/trends?ids=${ids}`, { token: admin.token });
      expect(status).toBe(200);
      expect(body.items[1].memory_percent).toContain(40);
      expect((await api.call('GET', '/robots', { token: admin.token })).status).toBe(200);
      for (const fn of ['mean', 'sum', 'min', 'max', 'last', 'count'])
        expect((await absurd.read('mem', `&fn=${fn}&every=1m`)).measurement, fn).toBe('mem');
      expect((await absurd.read('mem', '&fn=max&every=1m')).series[0].points).toEqual([[at * 1000, 1.7e308]]);
    });

    it('is silent about the robots of others, and refuses nonsense', async () => {
      const [mine, other] = [await reporting(), await reporting()];
      const ask = (ids: string) => api.call('GET', `/robots/trends?ids=${ids}`, { token: mine.owner.token });
      const { body } = await ask(`${other.robot.id},${mine.robot.id},999999`);
      expect(body.items.map((item: { robot_id: number }) => item.robot_id)).toEqual([mine.robot.id]);
      expect((await ask(String(other.robot.id))).body.items).toEqual([]);
      for (const ids of ['', '1,', 'x', Array(201).fill('1').join()]) expect((await ask(ids)).status, ids).toBe(400);
      expect((await api.call('GET', '/robots/trends?ids=1')).status).toBe(401);
    });
  });

  describe('logs', () => {
    it('of one instant stay apart, and a retried one is not doubled', async () => {
      const { send, logs } = await reporting();
      const at = `${now()}000001000`;
      const body = Array.from(
        { length: 50 },
        (_, i) => `syslog message="entry ${i}",level="info",program="p" ${at}`,
      ).join('\n');
      expect((await send(body)).status).toBe(204);
      expect((await send(body)).status).toBe(204);
      expect((await logs()).items).toHaveLength(50);
    });

    it('are found by level, program and text, page by page', async () => {
      const { send, logs } = await reporting();
      const line = (i: number, level: string, program: string) =>
        `syslog message="100% of \\"job\\" ${i}\nsecond line",level="${level}",program="${program}" ${now() - i}`;
      await send(
        [line(1, 'ERR', 'sshd'), line(2, 'info', 'sshd'), line(3, 'warning', 'cron')].join('\n'),
        {},
        '?precision=s',
      );
      expect((await logs('&level=err,warning')).items.map((e: { program: string }) => e.program)).toEqual([
        'sshd',
        'cron',
      ]);
      expect((await logs('&program=sshd')).items).toHaveLength(2);
      expect((await logs(`&q=${encodeURIComponent('100% of "JOB" 3\nsecond')}`)).items).toHaveLength(1);
      expect((await logs('&q=100_')).items).toHaveLength(0);
      const first = await logs('&limit=2');
      const second = await logs(`&limit=2&cursor=${first.next_cursor}`);
      expect([...first.items, ...second.items].map((e: { level: string }) => e.level)).toEqual([
        'ERR',
        'info',
        'warning',
      ]);
      expect(second.next_cursor).toBeNull();
    });
  });

  describe('logs asked for with nonsense', () => {
    it('are refused with a reason', async () => {
      const { owner, robot, send, logs } = await reporting();
      await send('syslog message="x",level="info",program="p"');
      const cursor = (...keys: unknown[]) => `cursor=${Buffer.from(JSON.stringify(keys)).toString('base64url')}`;
      for (const query of [
        'q=%00',
        'level=%00',
        'program=a%00b',
        'from=-9999999w',
        'from=0001-01-01T00:00:00Z',
        cursor('9'.repeat(19), 'x'),
        cursor(1.5, 'x'),
        cursor('1e3', 'x'),
        cursor(null, 'x'),
      ]) {
        const { body } = await api.call('GET', `/robots/${robot.id}/logs?${query}`, { token: owner.token });
        expect([body.status, body.code], query).toEqual([400, 'validation_failed']);
      }
      expect((await logs('&q=%00')).detail).toContain('q must not have control characters');
      expect((await logs(`&${cursor('9223372036854775807', 'x')}`)).items).toHaveLength(1);
    });
  });

  describe('a deleted robot', () => {
    it('leaves no metrics behind', async () => {
      const { owner, robot, send } = await reporting();
      await send('m v=1\nsyslog message="x"');
      await api.call('DELETE', `/robots/${robot.id}`, { token: owner.token });
      // A series, a point and a log entry at least.
      expect((await stored(robot.id)).length).toBeGreaterThanOrEqual(2);
      await api.deps().store.purge(robot.id);
      await api.deps().catalog.purge(robot.id);
      expect(await stored(robot.id)).toEqual([]);
    });
  });
}
