import { describe, expect, it } from 'vitest';
import { now, reportingRobot, type TestApi } from './reporting.ts';

export function logsContract(api: TestApi): void {
  describe('logs', () => {
    it('of the same instant stay separate, and a retry adds no duplicates', async () => {
      const { send, logs } = await reportingRobot(api);
      const at = `${now()}000001000`;
      const body = Array.from(
        { length: 50 },
        (_, i) => `syslog message="entry ${i}",level="info",program="p" ${at}`,
      ).join('\n');
      expect((await send(body)).status).toBe(204);
      expect((await send(body)).status).toBe(204);
      expect((await logs()).items).toHaveLength(50);
    });

    it('can be searched by level, program and text, page by page', async () => {
      const { send, logs } = await reportingRobot(api);
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

  describe('invalid log queries', () => {
    it('are refused with a reason', async () => {
      const { owner, robot, send, logs } = await reportingRobot(api);
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
      expect((await logs('&q=%00')).detail).toContain('q must not contain control characters');
      expect((await logs(`&${cursor('9223372036854775807', 'x')}`)).items).toHaveLength(1);
    });
  });
}
