import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestInflux, type TestInflux } from '../../apps/api/test/support/influx.ts';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import { RULES } from './alert-rules.ts';
import { fluxDataSource, provisioned } from './as-grafana/data-source.ts';
import { tableOf } from './as-grafana/open-dashboard.ts';
import { sqlDataSource } from './as-grafana/sql-data-source.ts';
import { ALERT_RULES, alertRulesFiles } from './write-dashboards.ts';

let influx: TestInflux;
let postgres: Awaited<ReturnType<typeof startWithRoles>>;
const api = useTestApi(async () => {
  [influx, postgres] = await Promise.all([startTestInflux(), startWithRoles()]);
  return { ...influx.settings, DATABASE_URL: postgres.databaseUrl, ROLLUP_DELAY: '10' };
});
afterAll(async () => {
  await influx?.stop();
  await postgres?.stop();
});

interface Query {
  datasourceUid: string;
  relativeTimeRange: { from: number };
  model: { query?: string; rawSql?: string };
}
interface Rule {
  uid: string;
  title: string;
  condition: string;
  data: [Query, Query];
  annotations: { summary: string };
}
const rules = () => JSON.parse(readFileSync(ALERT_RULES.on, 'utf8')).groups[0].rules as Rule[];

/** What a rule finds, as Grafana asks: rows by robot, and all other columns. */
async function found(uid: string) {
  const [asked] = (rules().find((rule) => rule.uid === uid) as Rule).data;
  const made = [...provisioned('influxdb.yaml', influx.settings), ...provisioned('postgresql.yaml', postgres.grafana)];
  const source = made.find((one) => one.uid === asked.datasourceUid) as (typeof made)[number];
  const client = source.type === 'influxdb' ? fluxDataSource(source) : sqlDataSource(source);
  const range = { from: Date.now() - asked.relativeTimeRange.from * 1000, to: Date.now() + 1000, intervalMs: 10_000 };
  const frames = await client.ask((asked.model.query ?? asked.model.rawSql) as string, {}, range);
  // InfluxDB has a table, and so a frame, for each robot; its labels are the robot's.
  return frames.flatMap((frame) => tableOf([frame]).map((row) => ({ ...frame.labels, ...row })));
}

beforeAll(async () => {
  const { db } = api.deps();
  const owner = await api.person();
  const names = ['well', 'silent', 'hot', 'full', 'rejected', 'ahead'] as const;
  const robots: Record<string, { id: number; token: string }> = {};
  for (const name of names) robots[name] = await api.pairedRobot(owner, name);
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
  const now = Date.now();
  for (const name of names) {
    const [used, degrees] = [name === 'full' ? 97 : 40, name === 'hot' ? 91 : 50];
    const lines = [
      `disk,path=/ used_percent=${used} ${hour}`,
      `disk,path=/ used_percent=${used} ${hour + 60_000}`,
      ...[20, 10].map((ago) => `temp,sensor=soc temp=${degrees} ${now - ago * 1000}`),
      `temp,sensor=nvme temp=30 ${now - 10_000}`,
    ];
    const reply = await api.report(robots[name]?.token as string, lines.join('\n'), {}, '?precision=ms');
    expect(reply.status).toBe(204);
  }
  const present = async () => (await sql`select from robot_presence`.execute(db)).rows.length;
  await vi.waitFor(async () => expect(await present()).toBe(names.length), { timeout: 30_000, interval: 100 });
  const set = (name: string, seen: string, skew: number) =>
    sql`update robot_presence set seen_at = now() - ${seen}::interval, clock_skew_ms = ${skew} where robot_id = ${robots[name]?.id}`.execute(
      db,
    );
  // Later than any sighting that is still under way.
  for (const name of names) await set(name, '-1 hour', 0);
  await set('silent', '7 minutes', 0);
  await set('ahead', '-1 hour', -120_000);
  await sql`update robots set status = 'error', error_reason = 'a field' where id = ${robots.rejected?.id}`.execute(db);
  await postgres.grantViews();
}, 120_000);

describe('alert rules', () => {
  it('are up to date; `npm run dashboards` generates them', () => {
    for (const which of ['on', 'off'] as const)
      expect(readFileSync(ALERT_RULES[which], 'utf8')).toBe(alertRulesFiles()[which]);
    expect(rules().map(({ uid }) => uid)).toEqual(RULES.map(({ uid }) => uid));
    // In these files $ is for variables of the environment.
    expect(readFileSync(ALERT_RULES.on, 'utf8')).not.toContain('$');
  });

  it('are off unless they are asked for; turned off, each one is taken away', () => {
    const compose = readFileSync(new URL('../compose.yaml', import.meta.url), 'utf8');
    expect(compose).toMatch(
      /\.\/grafana\/provisioning\/alerting\/\$\{GRAFANA_ALERT_RULES:-off\}:\/etc\/grafana\/provisioning\/alerting:ro/,
    );
    const { deleteRules, groups } = JSON.parse(readFileSync(ALERT_RULES.off, 'utf8'));
    expect(deleteRules).toEqual(rules().map(({ uid }) => ({ orgId: 1, uid })));
    expect(groups).toBeUndefined();
  });

  it.each([
    ['robowatch-offline', 'silent', { minutes: 7 }],
    ['robowatch-hot', 'hot', { _value: 91 }],
    ['robowatch-rejected', 'rejected', { rejected: 1 }],
    ['robowatch-clock', 'ahead', { seconds: -120 }],
    ['robowatch-disk', 'full', { used_percent: 97, path: '/' }],
  ])(
    '%s finds the robot that is %s, and no other',
    async (uid, robot, facts) => {
      const only = async () => {
        const rows = await found(uid);
        expect(rows).toMatchObject([{ robot, ...facts }]);
        // One number is the value, all else are labels.
        expect(Object.values(rows[0] as object).filter((value) => typeof value === 'number')).toHaveLength(1);
      };
      // The disk's figure is from the roll-up of the hour.
      await vi.waitFor(only, { timeout: 60_000, interval: 1000 });
    },
    90_000,
  );
});
