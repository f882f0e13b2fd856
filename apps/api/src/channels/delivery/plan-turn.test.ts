import { describe, expect, it } from 'vitest';
import type { AlertNews, Severity } from '../news.ts';
import { backOff } from './back-off.ts';
import { planTurn, type Waiting } from './plan-turn.ts';
import { quietUntil } from './quiet-hours.ts';

let next = 0;
const row = (
  alertId: string,
  what: AlertNews['what'],
  more: Partial<Waiting> & { severity?: Severity } = {},
): Waiting => {
  const { severity = 'warning', ...rest } = more;
  const news = { alertId, what, severity } as AlertNews;
  return { id: String(++next), alertId, news, isDue: true, attempts: 0, delivery: null, isNext: true, ...rest };
};
const plan = (rows: Waiting[], options: { isQuiet?: boolean; isGrouping?: boolean } = {}) =>
  planTurn(rows, { isQuiet: false, isGrouping: true, ...options });

describe('the next message', () => {
  it('has all that is new, or for webhooks the oldest', () => {
    const rows = [row('1', 'firing'), row('2', 'firing'), row('3', 'resolved')];
    expect(plan(rows).message).toEqual({ key: null, rows });
    expect(plan(rows, { isGrouping: false }).message).toEqual({ key: null, rows: rows.slice(0, 1) });
  });

  it('tells once of what is over before it was told of', () => {
    const rows = [row('1', 'firing'), row('2', 'firing'), row('1', 'reminder'), row('1', 'resolved')];
    const [began, other, reminder, over] = rows;
    const message = { key: null, rows: [other, over] };
    expect(plan(rows)).toEqual({ message, following: [], dropped: [began, reminder], held: [] });
    const each = plan(rows, { isGrouping: false });
    expect([each.message?.rows, each.dropped]).toEqual([[other], []]);
    expect(each.following).toEqual([{ row: over, dropped: [began, reminder] }]);
  });

  it('is one that failed, as it was; news of its alerts wait behind it', () => {
    const failed = { delivery: 'key', attempts: 2 };
    const rows = [row('1', 'firing', failed), row('2', 'firing', failed), row('1', 'resolved')];
    expect(plan(rows).message).toEqual({ key: 'key', rows: rows.slice(0, 2) });
    const putOff = rows.map((one) => (one.delivery ? { ...one, isDue: false } : one));
    expect(plan(putOff).message).toBeUndefined();
  });

  it('is not held up by another one that fails', () => {
    const rows = [row('1', 'firing', { delivery: 'key', attempts: 3 }), row('2', 'firing')];
    expect(plan(rows).message).toEqual({ key: null, rows: rows.slice(1) });
    // Nor does what has failed follow at once: it is tried when nothing new is left.
    expect(plan(rows, { isGrouping: false }).following).toEqual([]);
  });

  it('never has an end before its beginning, be that elsewhere', () => {
    expect(plan([row('1', 'resolved', { isNext: false })]).message).toBeUndefined();
    expect(plan([row('1', 'firing', { isDue: false }), row('1', 'resolved')]).message).toBeUndefined();
  });

  it('has only what is critical in quiet hours', () => {
    const rows = [row('1', 'firing'), row('2', 'firing', { severity: 'critical' }), row('1', 'resolved')];
    const { message, held } = plan(rows, { isQuiet: true });
    expect([message?.rows, held]).toEqual([[rows[1]], [rows[0], rows[2]]]);
    const morning = plan(rows.filter((one) => one !== rows[1]));
    expect(morning.message?.rows.map(({ news }) => news.what)).toEqual(['resolved']);
  });
});

it('quiet hours end at the hour that clocks show, in any time zone and across a change of clocks', () => {
  const night = (time_zone: string) => ({ from: '22:00', to: '07:00', time_zone });
  const until = (zone: string, now: string) => quietUntil(night(zone), new Date(now))?.toISOString();
  expect(until('UTC', '2030-01-01T22:00:00Z')).toBe('2030-01-02T07:00:00.000Z');
  expect(until('UTC', '2030-01-02T06:59:59Z')).toBe('2030-01-02T07:00:00.000Z');
  expect(until('UTC', '2030-01-02T07:00:00Z')).toBeUndefined();
  expect(until('Europe/Moscow', '2030-01-01T18:59:00Z')).toBeUndefined();
  expect(until('Europe/Moscow', '2030-01-01T19:00:30Z')).toBe('2030-01-02T04:00:00.000Z');
  expect(until('Asia/Kathmandu', '2030-01-01T20:00:00Z')).toBe('2030-01-02T01:15:00.000Z');
  // In the night to 31 March 2030 an hour is left out in Berlin, in that to 27 October one comes twice.
  expect(until('Europe/Berlin', '2030-03-30T22:30:00Z')).toBe('2030-03-31T05:00:00.000Z');
  expect(until('Europe/Berlin', '2030-10-26T21:30:00Z')).toBe('2030-10-27T06:00:00.000Z');
  const noon = { from: '12:00', to: '13:30', time_zone: 'UTC' };
  expect(quietUntil(noon, new Date('2030-01-01T12:10:00Z'))?.toISOString()).toBe('2030-01-01T13:30:00.000Z');
  expect(quietUntil(noon, new Date('2030-01-01T13:30:00Z'))).toBeUndefined();
});

it('waits twice as long after each failure, up to ten minutes, never all at the same time', () => {
  expect([1, 2, 3, 8, 30].map((failures) => backOff(failures, 0.5))).toEqual([5, 10, 20, 600, 600]);
  expect([0, 1].map((random) => backOff(1, random))).toEqual([3.75, 6.25]);
});
