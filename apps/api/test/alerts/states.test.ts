import { sql } from 'kysely';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteOldAlerts, noteAbsence } from '../../src/alerts/index.ts';
import { PostgresStore } from '../../src/stores/postgres/postgres-store.ts';
import { rollUpMarked } from '../support/roll-up.ts';
import { type Person, useTestApi } from '../support/test-api.ts';
import { alertLab } from './alert-lab.ts';

const api = useTestApi();
const lab = alertLab(api);
beforeEach(() => lab.begin());

const hot = { kind: 'threshold', measurement: 'temp', field: 'temp', fn: 'last', window_s: 60, op: '>', value: 70 };
const offline = { kind: 'offline', after_s: 120 };
const call = (method: 'POST' | 'PATCH' | 'DELETE', path: string, { token }: Person, body?: object) =>
  api.call(method, path, { token, body });

/** A robot that is too hot, and its owner's rule. */
async function hotRobot(more: Record<string, unknown> = {}) {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner);
  const rule = await lab.rule(owner, hot, more);
  const report = (value: number) => () => lab.report(robot.token, `temp temp=${value}`);
  const kinds = async () => (await lab.told()).map(({ what }) => what);
  return { owner, robot, rule, report, kinds };
}

describe('offline', () => {
  it('is a robot that has been silent for long, not one that was never heard of', async () => {
    const owner = await api.person();
    const [silent, alive] = [await api.pairedRobot(owner), await api.pairedRobot(owner), await api.pairedRobot(owner)];
    await lab.rule(owner, offline);
    await lab.heard(silent.id);
    const heardAt = lab.now();
    const others = () => lab.heard(alive.id);
    await lab.pass(120, others);
    expect(await lab.alerts(owner)).toEqual([]);
    await lab.pass(10, others);
    const [alert] = await lab.alerts(owner);
    expect(alert).toMatchObject({ state: 'firing', robot_id: silent.id, value: null });
    // Since the last report, not since it was noticed.
    expect(Math.abs(Date.parse(String(alert?.since)) - heardAt)).toBeLessThan(2_000);
    await lab.pass(10, () => lab.heard(silent.id));
    expect(await lab.states(owner)).toEqual(['resolved']);
  });

  it('is nobody because the server was away, or could not keep what was sent', async () => {
    const owner = await api.person();
    const robots = [];
    for (let i = 0; i < 3; i++) robots.push(await api.pairedRobot(owner));
    await lab.rule(owner, offline);
    const [gone, alive, late] = robots as [(typeof robots)[0], (typeof robots)[0], (typeof robots)[0]];
    await lab.heard(gone.id);
    const others = async () => {
      await lab.heard(alive.id);
      await lab.heard(late.id);
    };
    await lab.pass(200, others);
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'firing', robot_id: gone.id }]);

    lab.skip(3600);
    await lab.evaluate();
    await lab.pass(100, () => lab.heard(alive.id));
    expect(await lab.states(owner)).toEqual(['firing']);
    await lab.pass(30, () => lab.heard(alive.id));
    expect((await lab.alerts(owner)).map(({ robot_id }) => robot_id)).toEqual([late.id, gone.id]);
    await lab.pass(10, () => lab.heard(late.id));

    // The server is there, and refuses everything.
    const from = lab.now();
    await lab.pass(600, () => noteAbsence(api.deps().db, { from, to: lab.now() }));
    await lab.pass(100);
    expect(await lab.states(owner, '?state=firing')).toEqual(['firing']);
    await lab.pass(30);
    expect(await lab.states(owner, '?state=firing')).toEqual(['firing', 'firing', 'firing']);
  });

  it('robots of one site are told of together', async () => {
    const owner = await api.person();
    const robots = await Promise.all(Array.from({ length: 8 }, () => api.pairedRobot(owner)));
    for (const { id } of robots.slice(3)) await call('PATCH', `/robots/${id}`, owner, { labels: { site: 'lab' } });
    for (const { id } of robots) await lab.heard(id);
    await lab.rule(owner, offline, { scope: { labels: { site: 'lab' } } });
    await lab.pass(150);
    const { rows } = await sql<{ xid: string; n: number }>`
      select xmin::text as xid, count(*)::int as n from told group by 1`.execute(api.deps().db);
    expect(rows.map(({ n }) => n)).toEqual([5]);
  });
});

it('an error and a clock that is off are judged from what the server knows', async () => {
  const owner = await api.person();
  const [wrong, right] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
  const error = await lab.rule(owner, { kind: 'status', status: 'error' });
  const skew = await lab.rule(owner, { kind: 'clock_skew', above_s: 100 });
  const disk = await lab.rule(owner, { kind: 'disk_full_in', days: 3 });
  await lab.heard(right.id);
  await lab.heard(wrong.id);
  await sql`update robots set status = 'error' where id = ${wrong.id}`.execute(api.deps().db);
  await sql`update robot_presence set clock_skew_ms = -3600000 where robot_id = ${wrong.id}`.execute(api.deps().db);
  await lab.pass(10);
  const found = (await lab.alerts(owner)).map(({ rule_id, robot_id, value }) => [rule_id, robot_id, value]);
  expect(found.sort()).toEqual([
    [error.id, wrong.id, 'error'],
    [skew.id, wrong.id, -3600],
  ]);
  // Its times are put right on arrival, so that nothing is left to measure; its clock is wrong all the same.
  await sql`update robot_presence set clock_skew_ms = 0 where robot_id = ${right.id}`.execute(api.deps().db);
  await sql`
    insert into robot_clocks (robot_id, boot, kind, shift_ms, newest_ms) values (${right.id}, '', 'past', 86400000, 0)`.execute(
    api.deps().db,
  );
  await lab.pass(10);
  const corrected = (await lab.alerts(owner)).find(({ robot_id }) => robot_id === right.id);
  expect(corrected).toMatchObject({ rule_id: skew.id, value: -86_400 });
  expect(found.map(([rule]) => rule)).not.toContain(disk.id);
});

it('devices that share a token are told of until one alone is left', async () => {
  const owner = await api.person();
  const [copied, alone] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
  const rule = await lab.rule(owner, { kind: 'token_copied' });
  for (const { id } of [copied, alone]) await lab.heard(id);
  await sql`insert into robot_clones (robot_id) values (${copied.id})`.execute(api.deps().db);
  await lab.pass(10);
  const found = await lab.alerts(owner);
  expect(found).toMatchObject([{ rule_id: rule.id, robot_id: copied.id, state: 'firing', value: null }]);
  expect((await api.call('POST', `/robots/${copied.id}/end-token`, { token: owner.token })).status).toBe(204);
  await lab.pass(10);
  expect(await lab.states(owner)).toEqual(['resolved']);
});

describe('messages', () => {
  it('are as many as decided, whichever of ten evaluations at once, over restarts', async () => {
    const { owner, report, kinds } = await hotRobot({ for_s: 20 });
    for (let i = 0; i < 6; i++) {
      lab.skip(10);
      await report(90)();
      await Promise.all(Array.from({ length: 10 }, () => lab.evaluate()));
    }
    expect(await lab.states(owner)).toEqual(['firing']);
    expect(await kinds()).toEqual(['firing']);
    for (let i = 0; i < 3; i++) {
      lab.skip(10);
      await report(20)();
      await Promise.all(Array.from({ length: 10 }, () => lab.evaluate()));
    }
    expect(await lab.states(owner)).toEqual(['resolved']);
    expect(await kinds()).toEqual(['firing', 'resolved']);
  });

  it('of an evaluation that was frozen meanwhile are not sent', async () => {
    const { owner, robot, report, kinds } = await hotRobot();
    await lab.pass(20, report(90));
    const { store } = api.deps();
    const { windows } = store;
    const frozen = Promise.withResolvers<void>();
    await lab.pass(20, report(20));
    lab.skip(10);
    await lab.report(robot.token, 'temp temp=90', lab.now() - 6000);
    const hasRead = Promise.withResolvers<void>();
    store.windows = async (...asked) => {
      const answer = await windows(...asked);
      hasRead.resolve();
      await frozen.promise;
      return answer;
    };
    // It has seen a hot robot, and wakes when that is long past.
    const sleeper = lab.evaluate();
    await hasRead.promise;
    await lab.report(robot.token, 'temp temp=20', lab.now() - 5500);
    store.windows = windows;
    await lab.pass(20, report(20));
    frozen.resolve();
    await sleeper;
    expect(await lab.states(owner, '?state=firing')).toEqual([]);
    expect(await kinds()).toEqual(['firing', 'resolved']);
  });

  it('remind until somebody acknowledges; the wrong person cannot', async () => {
    const { owner, report, kinds } = await hotRobot({ remind_after_s: 300 });
    const [stranger, admin] = [await api.person(), await api.person('admin')];
    await lab.pass(640, report(90));
    expect(await kinds()).toEqual(['firing', 'reminder', 'reminder']);
    const [{ id } = { id: 0 }] = await lab.alerts(owner);
    expect((await call('POST', `/alerts/${id}/acknowledge`, stranger)).status).toBe(404);
    expect((await api.call('POST', `/alerts/${id}/acknowledge`)).status).toBe(401);
    const first = await call('POST', `/alerts/${id}/acknowledge`, owner);
    expect([first.status, first.body.acknowledged_by, first.body.state]).toEqual([200, owner.id, 'firing']);
    expect((await call('POST', `/alerts/${id}/acknowledge`, admin)).body.acknowledged_by).toBe(owner.id);
    await lab.pass(640, report(90));
    await lab.pass(20, report(20));
    expect(await kinds()).toEqual(['firing', 'reminder', 'reminder', 'resolved']);
  });

  it('wait while a silence lasts, and are sent when it ends', async () => {
    const { owner, robot, rule, report, kinds } = await hotRobot();
    const silence = await call('POST', '/silences', owner, {
      ...{ robot_id: robot.id, rule_id: rule.id, comment: 'new fan' },
      until: new Date(lab.now() + 60_000).toISOString(),
    });
    expect([silence.status, silence.body.active]).toEqual([201, true]);
    await lab.pass(50, report(90));
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'firing', silenced: true }]);
    expect(await kinds()).toEqual([]);
    await lab.pass(20, report(90));
    expect(await kinds()).toEqual(['firing']);
    // It ends within the next one: whoever was told of it is told so.
    const next = { labels: { site: 'elsewhere' }, until: new Date(lab.now() + 60_000).toISOString() };
    await call('POST', '/silences', owner, next);
    await call('POST', '/silences', owner, { until: next.until });
    await lab.pass(20, report(20));
    expect([await lab.states(owner), await kinds()]).toEqual([['resolved'], ['firing', 'resolved']]);
  });

  it('say nothing false of a rule that asks for something else now; it fires anew if that holds', async () => {
    const { owner, rule, report, kinds } = await hotRobot();
    await lab.pass(20, report(90));
    await call('PATCH', `/alert-rules/${rule.id}`, owner, { name: 'Very hot', severity: 'critical' });
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'firing', rule_name: 'Very hot', severity: 'critical' }]);
    await call('PATCH', `/alert-rules/${rule.id}`, owner, { condition: { ...hot, value: 100 } });
    expect(await lab.alerts(owner)).toMatchObject([{ state: 'resolved', ended: 'rule_changed' }]);
    await lab.pass(20, report(90));
    expect(await kinds()).toEqual(['firing']);
    await call('PATCH', `/alert-rules/${rule.id}`, owner, { condition: { ...hot, value: 80 } });
    await lab.pass(20, report(90));
    expect([await lab.states(owner, '?state=firing'), await kinds()]).toEqual([['firing'], ['firing', 'firing']]);
  });

  it.each([
    ['given away', (robot: number, _rule: number, ann: number) => [`/robots/${robot}`, { owner_id: ann }] as const],
    ['turned off', (_robot: number, rule: number) => [`/alert-rules/${rule}`, { enabled: false }] as const],
  ])('are not sent of what was %s while it was judged', async (_, change) => {
    const { owner, robot, rule, report, kinds } = await hotRobot({ for_s: 20 });
    const [ann, admin] = [await api.person(), await api.person('admin')];
    await lab.pass(30, report(90));
    expect(await lab.states(owner)).toEqual(['pending']);
    const { windows } = api.deps().store;
    // The store is slow, and meanwhile:
    api.deps().store.windows = async (query, signal) => {
      const answers = await windows(query, signal);
      const [path, body] = change(robot.id, rule.id, ann.id);
      expect((await call('PATCH', path, admin, body)).status).toBe(200);
      return answers;
    };
    await lab.pass(10, report(90));
    api.deps().store.windows = windows;
    expect(await kinds()).toEqual([]);
  });

  it('are silenced by their owner or an administrator only', async () => {
    const { owner, robot, rule, report, kinds } = await hotRobot();
    const [stranger, admin] = [await api.person(), await api.person('admin')];
    const until = new Date(lab.now() + 600_000).toISOString();
    for (const of of [{ robot_id: robot.id }, { rule_id: rule.id }])
      expect((await call('POST', '/silences', stranger, { until, ...of })).status).toBe(404);
    expect((await call('POST', '/silences', stranger, { until })).status).toBe(201);
    // Of all their own rules, of which there are none.
    await call('POST', '/silences', admin, { until });
    await lab.pass(20, report(90));
    expect(await kinds()).toEqual(['firing']);
    await lab.pass(20, report(20));
    expect(await kinds()).toEqual(['firing', 'resolved']);
    const { body: theirs } = await call('POST', '/silences', admin, { until, robot_id: robot.id });
    await lab.pass(20, report(90));
    expect(await lab.states(owner)).toEqual(['firing', 'resolved']);
    expect(await kinds()).toEqual(['firing', 'resolved']);
    const listed = async (person: Person) => (await api.call('GET', '/silences', { token: person.token })).body.items;
    expect(await listed(owner)).toEqual([]);
    expect(await listed(admin)).toHaveLength(3);
    expect((await call('DELETE', `/silences/${theirs.id}`, owner)).status).toBe(404);
    expect((await call('DELETE', `/silences/${theirs.id}`, admin)).status).toBe(204);
    expect(await listed(admin)).toHaveLength(2);
  });

  it('silences need an end or a week, and a time zone that exists', async () => {
    const owner = await api.person();
    const weekly = { days: ['sat', 'sun'], from: '22:00', to: '06:00', time_zone: 'Europe/Moscow' };
    const refused = [
      {},
      { until: '2020-01-01T00:00:00Z' },
      { weekly: { ...weekly, time_zone: 'Moon/Crater' } },
      { weekly: { ...weekly, from: '24:00' } },
      { weekly: { ...weekly, days: [] } },
      { weekly: { ...weekly, surprise: 1 } },
    ];
    for (const body of refused)
      expect((await call('POST', '/silences', owner, body)).status, JSON.stringify(body)).toBe(400);
    expect((await call('POST', '/silences', owner, { weekly })).body.weekly).toEqual(weekly);
  });

  it('of an alert that flaps are few', async () => {
    const { report, kinds } = await hotRobot();
    for (let i = 0; i < 30; i++) {
      await lab.pass(20, report(90));
      await lab.pass(40, report(20));
    }
    expect((await kinds()).filter((what) => what === 'firing')).toHaveLength(3);
    await lab.pass(920, report(20));
    expect((await kinds()).at(-1)).toBe('resolved');
  });

  it('are not sent when a rule is turned off, deleted, or its owner loses sight of the robot', async () => {
    const admin = await api.person('admin');
    const ways: ((one: Awaited<ReturnType<typeof hotRobot>>) => Promise<{ status: number }>)[] = [
      ({ owner, rule }) => call('PATCH', `/alert-rules/${rule.id}`, owner, { enabled: false }),
      ({ owner, rule }) => call('DELETE', `/alert-rules/${rule.id}`, owner),
      ({ owner, robot }) => call('PATCH', `/robots/${robot.id}`, owner, { status: 'inactive' }),
      ({ owner }) => call('PATCH', `/users/${owner.id}`, admin, { is_active: false }),
    ];
    for (const way of ways) {
      await lab.begin();
      const one = await hotRobot();
      await lab.pass(20, one.report(90));
      expect(await lab.states(admin, `?robot_id=${one.robot.id}`)).toEqual(['firing']);
      expect((await way(one)).status).toBeLessThan(300);
      await lab.pass(10);
      const [alert] = await lab.alerts(admin, `?robot_id=${one.robot.id}`);
      expect(alert?.state).toBe('resolved');
      expect(['not_watched', 'rule_deleted']).toContain(alert?.ended);
      expect(await one.kinds()).toEqual(['firing']);
    }
  });

  it('of everybody’s robots go to an administrator, until that is one no more', async () => {
    const [boss, admin, other] = [await api.person('admin'), await api.person('admin'), await api.person()];
    const robot = await api.pairedRobot(other);
    await lab.rule(admin, hot);
    const report = () => lab.report(robot.token, 'temp temp=90');
    await lab.pass(20, report);
    expect(await lab.states(admin, `?robot_id=${robot.id}`)).toEqual(['firing']);
    expect(await lab.alerts(other)).toEqual([]);
    await call('PATCH', `/users/${admin.id}`, boss, { role: 'user' });
    await lab.pass(20, report);
    const again = await api.signIn(admin.email);
    expect((await api.call('GET', '/alerts', { token: again.token })).body.items).toEqual([]);
    const told = (await lab.told()).filter((one) => one.robot === robot.id);
    expect(told.map(({ what }) => what)).toEqual(['firing']);
  });
});

it('the history is listed newest first, in pages, by state, rule and robot', async () => {
  const owner = await api.person();
  const robots = [await api.pairedRobot(owner), await api.pairedRobot(owner), await api.pairedRobot(owner)];
  const [rule, other] = [await lab.rule(owner, hot), await lab.rule(owner, { ...hot, value: 95 })];
  for (const { token } of robots) await lab.report(token, 'temp temp=90');
  await lab.pass(10);
  const page = async (query: string) => (await api.call('GET', `/alerts${query}`, { token: owner.token })).body;
  const first = await page('?limit=2');
  const last = await page(`?limit=2&cursor=${first.next_cursor}`);
  const ids = [...first.items, ...last.items].map(({ id }: { id: number }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => b - a));
  expect([ids.length, last.next_cursor]).toEqual([3, null]);
  expect((await page(`?rule_id=${rule.id}`)).items).toHaveLength(3);
  expect((await page(`?rule_id=${other.id}`)).items).toHaveLength(0);
  expect((await page(`?robot_id=${robots[0]?.id}&state=firing`)).items).toHaveLength(1);
  expect((await page('?state=resolved')).items).toHaveLength(0);
  for (const query of ['?state=odd', '?cursor=zzz', '?robot_id=x'])
    expect((await api.call('GET', `/alerts${query}`, { token: owner.token })).status).toBe(400);
});

it('a disk that will be full within days is told of, one that will not is not', async () => {
  const { db, store, catalog } = api.deps();
  const owner = await api.person();
  const [filling, calm] = [await api.pairedRobot(owner), await api.pairedRobot(owner)];
  await sql`update robots set created_at = now() - interval '20 days'`.execute(db);
  const day = 86_400_000;
  for (const ago of [3, 2, 1]) {
    await lab.report(filling.token, `disk,path=/ used_percent=${90 - 2 * ago}`, Date.now() - ago * day);
    await lab.report(calm.token, 'disk,path=/ used_percent=90', Date.now() - ago * day);
  }
  await rollUpMarked({ db, store, catalog });
  const soon = await lab.rule(owner, { kind: 'disk_full_in', days: 14 });
  await lab.rule(owner, { kind: 'disk_full_in', days: 1 });
  await lab.evaluate();
  const [alert, ...others] = await lab.alerts(owner);
  expect(others).toEqual([]);
  expect(alert).toMatchObject({ state: 'firing', rule_id: soon.id, robot_id: filling.id });
  expect(alert?.value).toBeGreaterThan(3);
  expect(alert?.value).toBeLessThan(8);
});

it('a replica that takes over in the middle goes on: durations count on, nothing is told twice', async () => {
  const { report, owner, kinds } = await hotRobot({ for_s: 60 });
  const { db, store } = api.deps();
  const { windows } = store;
  const takeOver = () => {
    const other = new PostgresStore(db, db, { retention: 86_400, maxChannels: 1000 }, pino({ level: 'silent' }));
    store.windows = other.windows;
  };
  try {
    await lab.pass(40, report(90));
    takeOver();
    await lab.pass(20, report(90));
    expect(await lab.states(owner)).toEqual(['pending']);
    await lab.pass(20, report(90));
    expect(await lab.states(owner)).toEqual(['firing']);
    takeOver();
    await lab.pass(20, report(90));
    store.windows = windows;
    await lab.pass(20, report(90));
    expect(await kinds()).toEqual(['firing']);
  } finally {
    store.windows = windows;
  }
});

it('the history expires, and what still fires does not', async () => {
  const { db } = api.deps();
  const { owner, report } = await hotRobot();
  await lab.pass(20, report(90));
  await lab.pass(20, report(20));
  await lab.pass(20, report(90));
  expect(await lab.states(owner)).toEqual(['firing', 'resolved']);
  await sql`update alerts set resolved_at = now() - interval '20 days' where state = 'resolved'`.execute(db);
  await sql`update alerts set since = now() - interval '40 days' where owner_id = ${owner.id}`.execute(db);
  await deleteOldAlerts(db, 21 * 86_400);
  expect(await lab.states(owner)).toEqual(['firing', 'resolved']);
  await deleteOldAlerts(db, 19 * 86_400);
  expect(await lab.states(owner)).toEqual(['firing']);
});
