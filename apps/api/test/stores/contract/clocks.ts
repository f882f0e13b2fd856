import { describe, expect, it } from 'vitest';
import { now, reportingRobot, type TestApi } from './reporting.ts';

const DAY = 86_400;
const BOOT = '0f6a3f0e-27a1-4d0c-9d3c-1c1f4f0a9b11';
const OTHER_BOOT = '1f6a3f0e27a14d0c9d3c1c1f4f0a9b11';

/** A robot whose clock is wrong, as our agent reports it. */
async function lostInTime(api: TestApi) {
  const robot = await reportingRobot(api);
  const send = async (lines: string, boot: string | null = BOOT) =>
    robot.send(lines, boot ? { 'x-robowatch-boot': boot } : {}, '?precision=s');
  /** Times in milliseconds, and values. */
  const points = async (field = 'v'): Promise<[number, number][]> => {
    const { series } = await robot.read('m', `&fields=${field}&fn=last&every=1s`);
    return series?.[0]?.points ?? [];
  };
  const marks = async () => (await robot.read('clock_correction', '&fn=last&every=1s')).series;
  const show = async () => (await api.call('GET', `/robots/${robot.robot.id}`, { token: robot.owner.token })).body;
  return { ...robot, send, points, marks, show };
}

export function clocksContract(api: TestApi): void {
  describe.each<[string, number]>([
    ['in 1970', 90],
    ['two days ahead', now() + 2 * DAY],
  ])('a robot whose clock is %s', (_, wrong) => {
    it('keeps its points and logs: moved to their arrival in one piece, never ahead, and marked', async () => {
      const { send, points, logs, marks, show } = await lostInTime(api);
      const lines = [`m v=1 ${wrong}`, `m v=2 ${wrong + 10}`, `syslog message="up",level="info" ${wrong + 12}`];
      const reply = await send([...lines, `m v=3 ${wrong + 20}`].join('\n'));
      expect([reply.status, reply.body]).toEqual([204, '']);
      const kept = await points();
      expect(kept.map(([at, value]) => [at - (kept[0]?.[0] ?? 0), value])).toEqual([
        [0, 1],
        [10_000, 2],
        [20_000, 3],
      ]);
      const [newest = 0] = kept.at(-1) ?? [];
      expect(newest).toBeLessThanOrEqual(Date.now());
      expect(newest).toBeGreaterThan(Date.now() - 60_000);
      expect((await logs()).items).toMatchObject([{ message: 'up' }]);
      const found = await marks();
      expect(
        found.map(({ field, points: [point] }: { field: string; points: number[][] }) => [field, point?.[1]]),
      ).toEqual([
        ['lines', 4],
        ['shift_ms', expect.closeTo(newest - (wrong + 20) * 1000, -4)],
      ]);
      const { clock_corrected, status } = await show();
      expect(status).toBe('active');
      expect(Math.abs(clock_corrected.skew_ms - (wrong * 1000 - Date.now()))).toBeLessThan(120_000);
    });

    it('stores a report once that is sent twice, whatever came between', async () => {
      const { send, points, logs } = await lostInTime(api);
      const report = `m v=1 ${wrong}\nm v=2 ${wrong + 10}\nsyslog message="up",level="info" ${wrong + 5}`;
      await send(report);
      const before = await points();
      await send(`m v=3 ${wrong + 11}`);
      await send(report);
      await send(report);
      expect((await points()).slice(0, 2)).toEqual(before);
      expect(await points()).toHaveLength(3);
      expect((await logs()).items).toHaveLength(1);
    });

    it('has what it held back moved so that nothing lies in the future, and nothing is lost', async () => {
      const { send, points, read } = await lostInTime(api);
      for (let i = 0; i < 3; i++) {
        const at = wrong + i * 100;
        expect((await send(`m v=${2 * i} ${at}\nm v=${2 * i + 1} ${at + 50}`)).status).toBe(204);
      }
      for (const [at] of await points()) expect(at).toBeLessThanOrEqual(Date.now());
      const { series } = await read('m', '&fn=count&every=1d');
      const counts: [number, number][] = series[0].points;
      expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(6);
    });
  });

  describe('times are left alone', () => {
    it('of late data beside a wrong clock, and after the clock is set', async () => {
      const { send, points } = await lostInTime(api);
      const right = now();
      await send(`m v=1 90\nm v=2 100\nm v=3 ${right - 300}\nm v=4 ${right - 2}`);
      await send(`m v=5 ${right - 1}`);
      const kept = new Map((await points()).map(([at, value]) => [value, at]));
      expect([3, 4, 5].map((value) => kept.get(value))).toEqual(
        [right - 300, right - 2, right - 1].map((at) => at * 1000),
      );
      expect((kept.get(2) ?? 0) - (kept.get(1) ?? 0)).toBe(10_000);
    });

    it('of a backlog, also of one that is too old, and of an import from years ago', async () => {
      const { send, points, marks } = await lostInTime(api);
      const at = now() - 500;
      expect((await send(`m v=1 ${at}\nm v=2 ${at + 10}`)).status).toBe(204);
      expect((await points()).map(([time]) => time)).toEqual([at * 1000, (at + 10) * 1000]);
      for (const [ago, boot] of [
        [40, BOOT],
        [2000, null],
      ] as const) {
        const refused = await send(`m v=1 ${now() - ago * DAY}`, boot);
        expect([refused.status, refused.body.reasons[0].reason]).toEqual([400, expect.stringContaining('retention')]);
      }
      expect((await send(`m v=1 ${now() + DAY / 2}`)).status).toBe(204);
      expect(await marks()).toEqual([]);
    });
  });

  it('a boot has its own correction: the second is not laid over the first', async () => {
    const { send, points } = await lostInTime(api);
    const { db } = api.deps();
    await send('m v=1 60');
    await db
      .updateTable('robot_clocks')
      .set({ shift_ms: String(Date.now() - 500_000 - 60_000) })
      .where('boot', '=', BOOT.replaceAll('-', ''))
      .execute();
    await send('m v=2 61');
    await send('m other=3 60', OTHER_BOOT);
    const ageOf = async (field: string) =>
      (await points(field)).map(([at, value]) => [value, Math.round((Date.now() - at) / 100_000)]);
    expect([...(await ageOf('v')), ...(await ageOf('other'))]).toEqual([
      [2, 5],
      [1, 0],
      [3, 0],
    ]);
  });

  it('of an agent that does not tell its boot: one whose clock starts again is not laid over the former', async () => {
    const { send, points, robot } = await lostInTime(api);
    await send('m v=1 60', null);
    const { db } = api.deps();
    const former = { shift_ms: String(Date.now() - 3_600_000) };
    await db.updateTable('robot_clocks').set(former).where('robot_id', '=', robot.id).execute();
    await send('m v=2 50', null);
    const [newest] = (await points()).slice(-1);
    expect(Date.now() - (newest?.[0] ?? 0)).toBeLessThan(60_000);
  });
}
