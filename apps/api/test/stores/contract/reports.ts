import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { now, reportingRobot, type TestApi } from './reporting.ts';

export function reportsContract(api: TestApi): void {
  describe('POST /api/metrics', () => {
    it('stores every line of a gzipped body and returns it', async () => {
      const { send, read } = await reportingRobot(api);
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

    it('merges points of the same series and time, later fields winning, and keeps 64-bit integers exact', async () => {
      const { send, read } = await reportingRobot(api);
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
      const { send, read } = await reportingRobot(api);
      const reply = await send('m v=1\nbad line\nm v="text"\n# comment\n\nm,t=1 v=2\n');
      expect(reply.status).toBe(422);
      expect(reply.body).toMatchObject({ code: 'lines_rejected', accepted: 2, rejected: 2, rejected_lines: [2, 3] });
      expect(reply.body.reasons[1].reason).toContain('is float, not string');
      expect((await read('m', '&fn=count')).series).toHaveLength(2);
    });

    it('stores nothing when every line is bad', async () => {
      const { send } = await reportingRobot(api);
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

    it('answers 413 to a body that is too large when unpacked, at bounded cost', async () => {
      const { send } = await reportingRobot(api);
      const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
      expect(bomb.length).toBeLessThan(25_000);
      const before = process.memoryUsage().rss;
      const replies = await Promise.all(Array.from({ length: 20 }, () => send(bomb, { 'content-encoding': 'gzip' })));
      expect(replies.map((reply) => reply.status)).toEqual(Array(20).fill(413));
      expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    });

    it('throttles a robot that sends too much, and nobody else', async () => {
      const [greedy, other] = [await reportingRobot(api), await reportingRobot(api)];
      const lines = Array.from({ length: 4000 }, (_, i) => `flood v=${i} ${now()}${String(i).padStart(9, '0')}`).join(
        '\n',
      );
      expect((await greedy.send(gzipSync(lines), { 'content-encoding': 'gzip' })).status).toBe(204);
      const refused = await greedy.send('m v=1');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect((await other.send('m v=1')).status).toBe(204);
    });

    it('refuses points outside the retention and too far in the future', async () => {
      const { send } = await reportingRobot(api);
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

    it('says which precision was meant when a time is in a larger unit than said', async () => {
      const { send } = await reportingRobot(api);
      const reasons = async (time: number, query = '') =>
        (await send(`m v=1 ${time}`, {}, query)).body.reasons[0].reason;
      expect(await reasons(now() * 1000)).toContain('add ?precision=ms');
      expect(await reasons(now())).toContain('add ?precision=s');
      expect(await reasons(now(), '?precision=us')).toContain('add ?precision=s');
      expect(await reasons(now() - 40 * 86_400, '?precision=s')).not.toContain('?precision');
      expect(await reasons(1)).not.toContain('?precision');
    });

    it('refuses lines with overlong names, and stores the others', async () => {
      const hostile = await reportingRobot(api);
      const others = [await reportingRobot(api), await reportingRobot(api)];
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

    it('does not fail others when one robot’s new series cannot be stored', async () => {
      const hostile = await reportingRobot(api);
      const others = [await reportingRobot(api), await reportingRobot(api)];
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
      const [a, b] = [await reportingRobot(api), await reportingRobot(api)];
      await a.send(`cpu,robot_id=${b.robot.id},robot=b,host\\name=x usage_idle=1`);
      expect((await b.read('cpu')).series).toEqual([]);
      expect((await a.read('cpu')).series[0].tags).toEqual({ 'host\\name': 'x' });
    });
  });
}
