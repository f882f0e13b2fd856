import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { rollupPartitions } from '../../src/rollups/partitions.ts';
import { DAY_HOURS, HOUR_MS, hourOf } from '../../src/rollups/rollup.ts';
import { insertHours, insertNames, renewDays, replaceLogCounts } from '../../src/rollups/rollup-store.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
let token: string;
let id: number;

/** Anything that differs from hour to hour. */
const bytesOf = (hour: number) => (hour * 7919) % 1009;
const cpuOf = (hour: number) => (hour * 613) % 97;

/** Roll-ups of each hour of these UTC days: a report of each figure, half an hour online, one error. */
async function fill(from: string, to: string): Promise<void> {
  const { db } = api.deps();
  const [first, last] = [hourOf(Date.parse(from)), hourOf(Date.parse(to))];
  const hours = Array.from({ length: last - first }, (_, i) => first + i);
  const days = [...new Set(hours.map((hour) => Math.floor(hour / DAY_HOURS)))];
  const partitions = rollupPartitions(db);
  await partitions.hours.ensure(hours);
  await partitions.days.ensure(days);
  const row = (hour: number, measurement: string, tags: Record<string, string>, field: string, value: number) => ({
    ...{ measurement, tags, field, hour, count: 1, sum: value, min: value, max: value, last: value },
    ...{ lastAt: hour * HOUR_MS, increase: measurement === 'net' ? value : null },
  });
  const rows = hours.flatMap((hour) => [
    row(hour, 'cpu', { cpu: 'cpu-total' }, 'usage_idle', 100 - cpuOf(hour)),
    row(hour, 'net', { interface: 'eth0' }, 'bytes_sent', bytesOf(hour)),
  ]);
  await insertNames(db, [...new Set(rows.map(({ field }) => field))]);
  await insertHours(db, id, rows);
  await renewDays(db, id, days);
  const errors = hours.map((hour) => ({ hour, level: 'error', count: 1 }));
  await replaceLogCounts(db, id, hours, new Set(hours), errors);
  await sql`update robot_activity set online_s = 1800 where robot_id = ${id}`.execute(db);
}

beforeAll(async () => {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  [token, id] = [owner.token, robot.id];
  await api.report(robot.token, 'cpu,cpu=cpu-total usage_idle=1\nnet,interface=eth0 bytes_sent=1i');
  await sql`update robots set created_at = '2025-01-01' where id = ${id}`.execute(api.deps().db);
  await fill('2025-03-05T00:00Z', '2025-03-13T00:00Z');
  await fill('2025-10-29T00:00Z', '2025-11-06T00:00Z');
});

const ask = (from: string, to: string, tz?: string, path = `/robots/${id}/summary`) => {
  const query = new URLSearchParams({ from, to, ...(tz === undefined ? {} : { tz }) });
  return api.call('GET', `${path}?${query}`, { token });
};
type Day = { day: string; [figure: string]: number | string | null };
const daysIn = async (from: string, to: string, tz?: string): Promise<Day[]> => (await ask(from, to, tz)).body.days;
/** Date in the zone of the moment at which the hour begins, in another way than the API's. */
const dateOf = (hour: number, timeZone: string) => {
  const parts = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const part = Object.fromEntries(parts.formatToParts(hour * HOUR_MS).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}`;
};

it.each([
  ['Asia/Kolkata', '2025-03-07T00:00+05:30', '2025-03-10T00:00+05:30', [24, 24, 24]],
  ['America/New_York', '2025-03-08T00:00-05:00', '2025-03-11T00:00-04:00', [24, 23, 24]],
  ['America/New_York', '2025-11-01T00:00-04:00', '2025-11-04T00:00-05:00', [24, 25, 24]],
  ['Pacific/Kiritimati', '2025-11-01T00:00+14:00', '2025-11-04T00:00+14:00', [24, 24, 24]],
  ['Europe/Moscow', '2025-11-01T12:00+03:00', '2025-11-03T00:01+03:00', [24, 24, 24]],
])('puts the days of %s together from their hours, from %s', async (zone, from, to, lengths) => {
  const days = await daysIn(from, to, zone);
  const first = from.slice(0, 10);
  expect(days.map(({ day }) => day)).toEqual([0, 1, 2].map((n) => addDays(first, n)));
  for (const [i, day] of days.entries()) {
    const near = hourOf(Date.parse(`${day.day}T00:00Z`)) - DAY_HOURS;
    const hours = Array.from({ length: 3 * DAY_HOURS }, (_, n) => near + n).filter(
      (hour) => dateOf(hour, zone) === day.day,
    );
    expect(hours.length).toBe(lengths[i]);
    const cpu = hours.map(cpuOf);
    expect(day).toMatchObject({
      error_logs: hours.length,
      bytes_sent: hours.reduce((sum, hour) => sum + bytesOf(hour), 0),
      cpu_max: Math.max(...cpu),
    });
    expect(day.cpu_mean).toBeCloseTo(cpu.reduce((sum, value) => sum + value, 0) / hours.length, 6);
    expect(day.online_share).toBeCloseTo(0.5, 6);
  }
});
const addDays = (date: string, n: number) =>
  new Date(Date.parse(date) + n * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10);

it('an hour belongs to the day in which it begins', async () => {
  // 23:30 to 00:30 in Kolkata.
  const kolkata = await daysIn('2025-03-07T18:00Z', '2025-03-07T18:30Z', 'Asia/Kolkata');
  expect(kolkata.map(({ day }) => day)).toEqual(['2025-03-07']);
  const first = hourOf(Date.parse('2025-03-06T19:00Z'));
  const sent = Array.from({ length: DAY_HOURS }, (_, n) => bytesOf(first + n)).reduce((sum, bytes) => sum + bytes);
  expect(kolkata[0]?.bytes_sent).toBe(sent);
});

it('is in UTC by default, and agrees with it over whatever both cover', async () => {
  const range = ['2025-10-28T00:00Z', '2025-11-07T00:00Z'] as const;
  const utc = await daysIn(...range);
  expect(utc.map(({ day }) => day)).toEqual(Array.from({ length: 10 }, (_, n) => addDays('2025-10-28', n)));
  // On the first and the last day the robot was silent.
  expect(utc.map(({ online_share }) => online_share === 0)).toEqual(
    Array.from({ length: 10 }, (_, n) => n === 0 || n === 9),
  );
  expect(await daysIn(...range, 'UTC')).toEqual(utc);
  expect(await daysIn(...range, 'Atlantic/Reykjavik')).toEqual(utc);
  const total = (days: Day[], figure: string) => days.reduce((sum, day) => sum + Number(day[figure]), 0);
  const highest = (days: Day[]) => Math.max(...days.map(({ cpu_max }) => Number(cpu_max)));
  for (const zone of ['Asia/Kolkata', 'America/New_York', 'Pacific/Kiritimati', 'America/Los_Angeles']) {
    const { body } = await ask(...range, zone);
    expect(body.days.length, zone).toBe(11);
    for (const figure of ['bytes_sent', 'error_logs'])
      expect(total(body.days, figure), `${zone} ${figure}`).toBe(total(utc, figure));
    expect(highest(body.days)).toBe(highest(utc));
    const fleet = (await ask(...range, zone, '/fleet/summary')).body;
    expect(fleet.days).toEqual(body.days);
    expect(fleet.worst_hours).toEqual(body.worst_hours);
  }
});

it('asks to narrow what would take too long, which UTC never does', async () => {
  const owner = await api.person();
  for (let i = 0; i < 6; i++) await api.pairedRobot(owner);
  const ask = (query: string) => api.call('GET', `/fleet/summary?from=-3650d&${query}`, { token: owner.token });
  const { status, body } = await ask('tz=Asia/Kolkata');
  expect([status, body.code]).toEqual([400, 'validation_failed']);
  expect(body.detail).toMatch(/at most 333 days, or for those of UTC/);
  expect((await ask('tz=UTC')).status).toBe(200);
  expect((await ask('')).status).toBe(200);
});

it('says that it does not know a zone', async () => {
  for (const path of [`/robots/${id}/summary`, '/fleet/summary'])
    for (const zone of ['Mars/Olympus', '+03:00', '', 'Europe/Moscow; drop table robots', 'Etc/Unknown']) {
      const { status, body } = await ask('-7d', 'now', zone, path);
      expect([status, body.code], zone).toEqual([400, 'validation_failed']);
      expect(body.detail).toContain('Europe/Moscow');
    }
});
