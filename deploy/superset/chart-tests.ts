import { describe, expect, it } from 'vitest';
import type { Row } from './client.ts';
import { chartsOf } from './dashboard.ts';
import { dayOf, ODD } from './known-fleet.ts';
import { type KnownSuperset, near, WEB_APP } from './known-superset.ts';
import { DASHBOARDS } from './write-assets.ts';

const DAYS = [2, 1];
const page = (id: number) => `<a href="${WEB_APP}/robots/${id}" target="_blank">open</a>`;
/** Rows by day, the oldest first; Superset gives a day as milliseconds. */
const byDay = (rows: Row[]) =>
  rows
    .map(({ day, ...row }): Row => ({ day: new Date(day as number).toISOString().slice(0, 10), ...row }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
/** What the two robots measured so many days ago. The arm was online for two hours a day, the base for one. */
const weighted = (arm: number, base: number) => near((2 * arm + base) / 3);

/** What every chart gets is what was put in. */
export function chartTests({ client, fleet, idOf, show }: KnownSuperset): void {
  describe('every chart', () => {
    it('gets rows with the query that it was saved with', async () => {
      const charts = DASHBOARDS.flatMap((dashboard) => Object.keys(chartsOf(dashboard)));
      expect(charts.length).toBeGreaterThan(25);
      for (const key of charts) expect((await client().rowsOf(idOf(key))).length, key).toBeGreaterThan(0);
    });

    it('of one figure shows that of the whole fleet', async () => {
      const figure = async (key: string) => Object.values((await show(key))[0] ?? {})[0];
      expect(await figure('use-robots')).toBe(2);
      expect(await figure('use-hours')).toBeCloseTo(2 * 3);
      // Both were paired three days ago.
      expect(await figure('online')).toBeCloseTo(6 / (2 * 72), 6);
      expect(await figure('use-cpu')).toBeCloseTo((2 * (21 + 22) + 31 + 32) / 6, 6);
      expect(await figure('use-memory')).toBeCloseTo(51.5, 6);
      // A counter has grown since the day before, too.
      expect(await figure('use-traffic')).toBe(2 * (70 + 500 + 70 + 1000));
      expect(await figure('rel-errors')).toBe(2 * 1 + 2 * 2);
      expect(await figure('rel-hottest')).toBe(72);
      expect(await figure('rel-silent')).toBe(1);
      expect(await figure('rel-rejected')).toBe(1);
      expect(await figure('rel-full-soon')).toBe(2);
    });

    it('by day has a row for each day since the pairing', async () => {
      const silent = { day: dayOf(3) };
      const each = (row: (day: number) => object) => DAYS.map((day) => ({ day: dayOf(day), ...row(day) }));
      const hours = (owner: string, count: number) => ({ owner, hours_of_robots: near(count) });
      expect(byDay(await show('use-hours-by-day'))).toEqual(
        [3, 2, 1].flatMap((day) => [
          { day: dayOf(day), ...hours('Person 1', day === 3 ? 0 : 2) },
          { day: dayOf(day), ...hours('Person 2', day === 3 ? 0 : 1) },
        ]),
      );
      expect(byDay(await show('use-traffic-by-day'))).toEqual([
        { ...silent, received: null, sent: null },
        ...each((day) => ({ received: 140, sent: day === 2 ? 1000 : 2000 })),
      ]);
      expect(byDay(await show('use-cpu-by-day'))).toEqual([
        { ...silent, cpu: null, highest_cpu: null },
        ...each((day) => ({ cpu: weighted(20 + day, 30 + day), highest_cpu: near(30 + day) })),
      ]);
      expect(byDay(await show('use-memory-by-day'))).toEqual([
        { ...silent, memory: null, highest_memory: null },
        ...each((day) => ({ memory: near(50 + day), highest_memory: near(50 + day) })),
      ]);
      expect(byDay(await show('use-load-by-day'))).toEqual([
        { ...silent, architecture: 'arm64', load: null },
        ...each(() => ({ architecture: 'arm64', load: weighted(1, 2) })),
      ]);
      expect(byDay(await show('rel-online-by-day'))).toEqual([
        { ...silent, online: 0 },
        ...each(() => ({ online: near(3 / 48) })),
      ]);
      expect(byDay(await show('rel-errors-by-day'))).toEqual([
        { ...silent, robot: 'arm', errors: 0 },
        { ...silent, robot: 'base', errors: 0 },
        ...DAYS.flatMap((day) => [
          { day: dayOf(day), robot: 'arm', errors: 1 },
          { day: dayOf(day), robot: 'base', errors: 2 },
        ]),
      ]);
      expect(byDay(await show('rel-heat'))).toEqual(
        DAYS.flatMap((day) => [
          { day: dayOf(day), hour_of_day: '01:00', hottest: 70 + day },
          { day: dayOf(day), hour_of_day: '02:00', hottest: null },
        ]),
      );
    });

    it('by owner, architecture, label or robot has their use, the most used first', async () => {
      const arm = {
        ...{ hours_of_robots: near(4), online: near(4 / 72), cpu: near(21.5), load: near(1), memory: near(51.5) },
        traffic: 140 + 1500,
      };
      const base = { ...arm, hours_of_robots: near(2), online: near(2 / 72), cpu: near(31.5), load: near(2) };
      const both = {
        ...{ robots: 2, hours_of_robots: near(6), online: near(6 / 144), cpu: weighted(21.5, 31.5) },
        ...{ load: weighted(1, 2), memory: near(51.5), traffic: 2 * (140 + 1500) },
      };
      expect(await show('use-by-owner')).toEqual([
        { owner: 'Person 1', robots: 1, ...arm },
        { owner: 'Person 2', robots: 1, ...base },
      ]);
      expect(await show('use-by-architecture')).toEqual([{ architecture: 'arm64', ...both }]);
      expect(await show('use-by-label')).toEqual([
        { label: 'site: Berlin', ...both },
        { label: 'role: arm', robots: 1, ...arm },
        { label: `odd: ${ODD}`, robots: 1, ...base },
      ]);
      expect(await show('use-by-robot')).toEqual([
        { robot: 'arm', robot_page: page(fleet().arm.id), ...arm },
        { robot: 'base', robot_page: page(fleet().base.id), ...base },
      ]);
    });

    it('of what is wrong has the worst first', async () => {
      const common = { silent_days: 1, highest_memory: 52, fullest_disk: 88 };
      expect(await show('rel-worst')).toEqual([
        {
          ...{ robot: 'base', owner: 'Person 2', robot_page: page(fleet().base.id), ...common },
          ...{ online: near(2 / 72), errors: 4, hottest: 72 },
        },
        {
          ...{ robot: 'arm', owner: 'Person 1', robot_page: page(fleet().arm.id), ...common },
          ...{ online: near(4 / 72), errors: 2, hottest: 62 },
        },
      ]);
      expect(await show('rel-trouble')).toMatchObject([
        { robot: 'base', condition: 'silent for an hour', error_reason: null },
        { robot: 'quiet', condition: 'reports rejected', error_reason: 'no', last_seen_at: null },
      ]);
      const hottest = (id: number, at: string, more: object) => ({ robot_page: page(id), hottest_at: at, ...more });
      expect(await show('rel-hottest-hours')).toEqual([
        {
          robot: 'base',
          ...hottest(fleet().base.id, `${dayOf(2)} 01:00`, { hottest: 72, cpu_then: near(32), hot_hours: 2 }),
        },
        {
          robot: 'arm',
          ...hottest(fleet().arm.id, `${dayOf(2)} 01:00`, { hottest: 62, cpu_then: near(22), hot_hours: 0 }),
        },
      ]);
      const disks = await show('rel-disks');
      expect(disks.map(({ robot, path, used_percent }) => [robot, path, used_percent]).sort()).toEqual([
        ['arm', '/', 88],
        ['arm', '/data', 20],
        ['base', '/', 88],
        ['base', '/data', 21],
      ]);
      expect(disks.map(({ days_to_full }) => days_to_full)).toEqual([near(6), near(6), null, null]);
      expect(disks[0]?.growth_percent_a_day).toBeCloseTo(2, 6);
    });
  });
}
