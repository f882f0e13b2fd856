import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { fillFormerFigures } from '../../src/rollups/fill-figures.ts';
import { rollupPartitions } from '../../src/rollups/partitions.ts';
import { deleteRollupsOf } from '../../src/rollups/rollup-store.ts';
import { createViews } from '../../src/rollups/view-store.ts';
import { rollUpMarked } from '../support/roll-up.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi({ ROLLUP_DELAY: '10' });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION_S = 400 * 86_400;
const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const dateOf = (day: number) => new Date(today - day * DAY_MS).toISOString().slice(0, 10);

const rollUp = () => rollUpMarked(api.deps());

type Row = Record<string, unknown>;
async function daysOf(robotId: number): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select *, day::text as day from robot_days where robot_id = ${robotId} order by robot_days.day`.execute(
    api.deps().db,
  );
  return rows;
}

/** Paired at noon three days ago. It reported two days ago, and sent what it had measured five days ago. */
async function robotWithSilentDays() {
  const { db } = api.deps();
  const owner = await api.person();
  const robot = await api.pairedRobot(owner, 'quiet');
  await sql`update robots set created_at = ${new Date(today - 3 * DAY_MS + 12 * HOUR_MS).toISOString()}::timestamptz
    where id = ${robot.id}`.execute(db);
  const lines = [5, 2].flatMap((day) => [
    `cpu,cpu=cpu-total usage_idle=${10 * day} ${today - day * DAY_MS + HOUR_MS}`,
    `cpu,cpu=cpu-total usage_idle=90 ${today - day * DAY_MS + 2 * HOUR_MS}`,
    `syslog level="err",message="no" ${today - day * DAY_MS + HOUR_MS}`,
  ]);
  expect((await api.report(robot.token, lines.join('\n'), {}, '?precision=ms')).status).toBe(204);
  await rollUp();
  const hour = Math.floor((today - 2 * DAY_MS) / HOUR_MS) + 1;
  await sql`update robot_activity set online_s = 1800, reports = 7 where robot_id = ${robot.id} and hour = ${hour}`.execute(
    db,
  );
  return { ...robot, owner };
}

it('has a row for each day since a robot was paired, also for those on which it was silent', async () => {
  const robot = await robotWithSilentDays();
  const days = await daysOf(robot.id);
  expect(days.map(({ day }) => day)).toEqual([5, 3, 2, 1, 0].map(dateOf));
  const [before, first, heard, silent] = days as [Row, Row, Row, Row];
  expect(before).toMatchObject({ online_share: null, cpu_max: 50, cpu_mean: 30, error_logs: '1', heard_of: true });
  expect(first).toMatchObject({ online_share: 0, reports: '0', cpu_mean: null, error_logs: '0', heard_of: false });
  expect(heard).toMatchObject({ reports: '7', cpu_mean: 45, cpu_max: 80, log_entries: '1', heard_of: true });
  expect(heard.online_share).toBeCloseTo(1800 / 86_400, 6);
  expect(silent).toMatchObject({ online_share: 0, temperature_max: null, robot: 'quiet', heard_of: false });

  // Of the first day, the time since noon counts.
  const hour = Math.floor((today - 3 * DAY_MS) / HOUR_MS) + 13;
  const { db } = api.deps();
  await sql`insert into robot_activity (robot_id, hour, online_s, reports) values (${robot.id}, ${hour}, 3600, 9)`.execute(
    db,
  );
  expect((await daysOf(robot.id))[1]?.online_share).toBeCloseTo(1 / 12, 6);

  const fleet = await sql<Row>`select *, day::text as day from fleet_days where owner_id = ${robot.owner.id}
    and fleet_days.day = ${dateOf(1)}::date`.execute(db);
  expect(fleet.rows).toMatchObject([{ robots: 0, robots_paired: 1, online_share: 0, cpu_mean: null }]);
});

it('agrees with the summary about the time online', async () => {
  const robot = await robotWithSilentDays();
  const range = `from=${new Date(today - 5 * DAY_MS).toISOString()}&to=${new Date(today).toISOString()}`;
  const { body } = await api.call('GET', `/robots/${robot.id}/summary?${range}`, { token: robot.owner.token });
  const days = await daysOf(robot.id);
  const told = (body.days as Row[]).map(({ day, online_share }) => [day, online_share]);
  expect(told).toEqual(days.slice(0, -1).map(({ day, online_share }) => [day, online_share]));
});

it('has no row of a robot that never reported, nor of one that is deleted', async () => {
  const robot = await robotWithSilentDays();
  const never = await api.pairedRobot(robot.owner, 'never');
  expect(await daysOf(never.id)).toEqual([]);
  expect((await api.call('DELETE', `/robots/${robot.id}`, { token: robot.owner.token })).status).toBe(204);
  expect(await daysOf(robot.id)).toEqual([]);
  const { db } = api.deps();
  await deleteRollupsOf(db, robot.id);
  for (const table of ['hour_figures', 'day_figures'])
    expect((await sql`select from ${sql.table(table)} where robot_id = ${robot.id}`.execute(db)).rows).toEqual([]);
});

it('computes an hour and its day anew when points come late', async () => {
  const robot = await robotWithSilentDays();
  const late = `cpu,cpu=cpu-total usage_idle=5 ${today - 2 * DAY_MS + HOUR_MS + 60_000}`;
  expect((await api.report(robot.token, late, {}, '?precision=ms')).status).toBe(204);
  await rollUp();
  expect((await daysOf(robot.id))[2]).toMatchObject({ cpu_max: 95, log_entries: '1' });
  const hours = await sql<Row>`select cpu_max, error_logs from robot_hours
    where robot_id = ${robot.id} and cpu_max is not null order by hour`.execute(api.deps().db);
  expect(hours.rows.map(({ cpu_max, error_logs }) => [cpu_max, error_logs])).toEqual([
    [50, '1'],
    [10, '0'],
    [95, '1'],
    [10, '0'],
  ]);
});

it('is filled with what a former release rolled up, and keeps what was computed since', async () => {
  const { db } = api.deps();
  const robot = await robotWithSilentDays();
  const old = today - 120 * DAY_MS;
  const line = `temp,sensor=soc temp=77 ${old}`;
  // Older than points are kept: only the roll-ups know of it.
  await rollupPartitions(db).hours.ensure([old / HOUR_MS]);
  await rollupPartitions(db).days.ensure([old / DAY_MS]);
  await api.report(robot.token, line.replace(String(old), String(today - DAY_MS)), {}, '?precision=ms');
  await rollUp();
  await sql`insert into rollup_hours select ${old / HOUR_MS}::int, series_id, field_id, count, sum, min, max, last, last_at, increase
    from rollup_hours h join metric_series s on s.id = h.series_id where s.robot_id = ${robot.id} and s.measurement = 'temp'`.execute(
    db,
  );
  await sql`insert into rollup_days select ${old / DAY_MS}::int, series_id, field_id, count, sum, min, max, last, last_at, increase
    from rollup_days h join metric_series s on s.id = h.series_id where s.robot_id = ${robot.id} and s.measurement = 'temp'`.execute(
    db,
  );
  await sql`insert into robot_activity (robot_id, hour) values (${robot.id}, ${old / HOUR_MS})`.execute(db);
  const expected = await daysOf(robot.id);
  const kept = today / DAY_MS - 2;
  await sql`delete from hour_figures where robot_id = ${robot.id}`.execute(db);
  await sql`delete from day_figures where robot_id = ${robot.id} and day <> ${kept}`.execute(db);
  await sql`update day_figures set cpu_max = 99 where robot_id = ${robot.id}`.execute(db);
  await sql`insert into figures_to_fill values (${robot.id}, ${today / DAY_MS + 2})`.execute(db);
  await fillFormerFigures({ db, partitions: rollupPartitions(db) }, AbortSignal.timeout(60_000));
  const filled = await daysOf(robot.id);
  expect(filled[0]).toMatchObject({ day: dateOf(120), temperature_max: 77, online_share: null });
  // Today goes on meanwhile.
  const former = expected.slice(0, -1);
  expect(filled.slice(1, -1)).toEqual(former.map((row) => (row.day === dateOf(2) ? { ...row, cpu_max: 99 } : row)));
  expect((await sql`select from figures_to_fill where robot_id = ${robot.id}`.execute(db)).rows).toEqual([]);
  const hours = await sql<{
    n: number;
  }>`select count(*)::int as n from hour_figures where robot_id = ${robot.id}`.execute(db);
  expect(hours.rows[0]?.n).toBeGreaterThanOrEqual(6);
});

it('reaches back as long as roll-ups are kept, and stays granted when that changes', async () => {
  const { db } = api.deps();
  const robot = await robotWithSilentDays();
  await sql`update robots set created_at = now() - interval '1000 days' where id = ${robot.id}`.execute(db);
  expect(await daysOf(robot.id)).toHaveLength(400);
  await sql`grant select on robot_days to public`.execute(db);
  await createViews(db, 30 * 86_400);
  expect(await daysOf(robot.id)).toHaveLength(30);
  const { rows } = await sql<Row>`select has_table_privilege('pg_monitor', 'robot_days', 'select') as granted`.execute(
    db,
  );
  expect(rows).toEqual([{ granted: true }]);
  await createViews(db, RETENTION_S);
});
