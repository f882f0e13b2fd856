import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import { startInfluxd } from '../../../../tools/real/influxd.ts';
import { startTestInflux } from '../support/influx.ts';
import { useTestApi } from '../support/test-api.ts';
import { alertLab } from './alert-lab.ts';

let dir: string;
let influx: Awaited<ReturnType<typeof startInfluxd>>;
const api = useTestApi(async () => {
  dir = await mkdtemp(join(tmpdir(), 'robowatch-away-'));
  const { settings, ...started } = await startTestInflux({ dir });
  influx = started;
  return settings;
});
afterAll(async () => {
  await influx?.stop();
  await rm(dir, { recursive: true, force: true });
});

it.each([
  { from: 'the store', watchesAtOnce: false },
  { from: 'what has arrived', watchesAtOnce: true },
])(
  'judged by $from, nobody is offline or well while the store’s process is gone; robots that got 503 were not silent',
  async ({ watchesAtOnce }) => {
    const lab = alertLab(api, { watchesAtOnce });
    await lab.begin();
    const owner = await api.person();
    const [hot, cold] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
    const temp = {
      kind: 'threshold',
      measurement: 'temp',
      field: 'temp',
      fn: 'last',
      window_s: 60,
      op: '>',
      value: 70,
    };
    const rule = await lab.rule(owner, temp);
    await lab.rule(owner, { kind: 'no_data', measurement: 'temp', after_s: 120 });
    await lab.rule(owner, { kind: 'offline', after_s: 120 });
    const both = async () => {
      await lab.report(hot.token, 'temp temp=90');
      await lab.report(cold.token, 'temp temp=20');
      for (const { id } of [hot, cold]) await lab.heard(id);
    };
    await lab.pass(100, both);
    const firing = async () => (await lab.alerts(owner, '?state=firing')).map((one) => [one.rule_id, one.robot_id]);
    expect(await firing()).toEqual([[rule.id, hot.id]]);

    await influx.kill();
    const gone = lab.now();
    for (let i = 0; i < 10; i++) {
      lab.skip(10);
      // More than were served in the same five seconds.
      for (const { token } of [hot, cold, hot, cold, hot, cold])
        expect((await api.report(token, 'temp temp=20')).status).toBe(503);
      if (watchesAtOnce) await lab.evaluate();
      else await expect(lab.evaluate()).rejects.toThrow('reads for alert rules failed');
    }
    // The server itself notes that it turned reports away; the test has a clock of its own.
    const absences = async () =>
      (await sql`select from alert_absences where until > now() - interval '1 minute'`.execute(api.deps().db)).rows
        .length;
    await expect.poll(absences, { timeout: 20_000 }).toBe(1);
    await sql`update alert_absences set since = ${new Date(gone)}, until = ${new Date(lab.now())}`.execute(
      api.deps().db,
    );
    influx = await startInfluxd({ dir, port: Number(new URL(influx.url).port) });
    lab.skip(10);
    // Silent for 110 seconds, then for more than the 120 of the rules: all of it while nobody could listen.
    for (let i = 0; i < 5; i++) {
      await lab.evaluate();
      expect(await firing()).toEqual([[rule.id, hot.id]]);
      lab.skip(10);
    }
    await lab.pass(30, both);
    expect(await firing()).toEqual([[rule.id, hot.id]]);
    await lab.pass(20, () => lab.report(hot.token, 'temp temp=20'));
    expect(await firing()).toEqual([]);
    expect((await lab.told()).map(({ what, robot }) => [what, robot])).toEqual([
      ['firing', hot.id],
      ['resolved', hot.id],
    ]);
  },
  120_000,
);
