import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FleetEvent, publish } from '../../src/events/event-bus.ts';
import { alertLab } from '../alerts/alert-lab.ts';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi({ EVENT_STREAMS_PER_USER: '4' });
const open: AbortController[] = [];
let url: string;
beforeAll(async () => {
  url = await api.app().listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => {
  for (const abort of open.splice(0)) abort.abort();
});

/** A real stream over real HTTP that records what it receives. */
async function listen(person: Person) {
  const abort = new AbortController();
  open.push(abort);
  const headers = { authorization: `Bearer ${person.token}` };
  const reply = await fetch(`${url}/api/events`, { headers, signal: abort.signal });
  let text = '';
  const ended = (async () => {
    for await (const chunk of reply.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  const events = () => [...text.matchAll(/^event: (\w+)\ndata: (.+)$/gm)].map(([, type, data]) => `${type} ${data}`);
  await expect.poll(() => text).toContain('retry: ');
  return { reply, ended, events, text: () => text };
}

describe('GET /api/events', () => {
  it('sends owners events of their robots, administrators of all, strangers of none', async () => {
    const [owner, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [own, other, all] = [await listen(owner), await listen(stranger), await listen(admin)];
    expect(own.reply.headers.get('content-type')).toContain('text/event-stream');
    const { id, token } = await api.pairedRobot(owner);
    await api.report(token, 'mem used_percent=1');
    await api.deps().presence.flush();
    await api.call('PATCH', `/robots/${id}`, { token: owner.token, body: { status: 'inactive' } });
    await api.call('DELETE', `/robots/${id}`, { token: owner.token });
    const told = ['robot_paired', 'robot_seen', 'robot_status_changed', 'robot_deleted'].map(
      (type) => `${type} {"robot_id":${id}}`,
    );
    await expect.poll(own.events).toEqual(told);
    await expect.poll(all.events).toEqual(told);
    const theirs = await api.pairedRobot(stranger);
    await expect.poll(other.events).toEqual([`robot_paired {"robot_id":${theirs.id}}`]);
    expect(own.events()).toEqual(told);
  });

  it('tells the rule’s owner and administrators of an alert, and nobody else', async () => {
    const lab = alertLab(api);
    await lab.begin();
    const [owner, stranger, boss, admin] = [
      ...[await api.person(), await api.person(), await api.person('admin'), await api.person('admin')],
    ] as [Person, Person, Person, Person];
    const { id } = await api.pairedRobot(owner);
    const streams = [await listen(owner), await listen(stranger), await listen(boss), await listen(admin)];
    const alertsIn = () =>
      streams.map(({ events }) => events().filter((event) => event.startsWith('alert_changed')).length);
    await sql`update robots set status = 'error' where id = ${id}`.execute(api.deps().db);
    await lab.rule(owner, { kind: 'status', status: 'error' });
    await lab.evaluate();
    await expect.poll(alertsIn).toEqual([1, 0, 1, 1]);
    expect(streams[0]?.events().at(-1)).toContain(`"robot_id":${id}`);
    // An administrator's rule about a user's robot is not the user's.
    await lab.rule(boss, { kind: 'status', status: 'error' });
    await lab.evaluate();
    await expect.poll(alertsIn).toEqual([1, 0, 2, 2]);
  });

  it('tells a person that their role has changed, and ends', async () => {
    const [person, stranger, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [own, other] = [await listen(person), await listen(stranger)];
    await api.call('PATCH', `/users/${person.id}`, { token: admin.token, body: { role: 'admin' } });
    await own.ended;
    expect(own.events()).toEqual(['access_changed {}']);
    expect(other.events()).toEqual([]);
  });

  it('notifies both the previous and the new owner of a robot', async () => {
    const [from, to, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [former, next] = [await listen(from), await listen(to)];
    const { id } = await api.pairedRobot(from);
    await api.call('PATCH', `/robots/${id}`, { token: admin.token, body: { owner_id: to.id } });
    const told = `robot_status_changed {"robot_id":${id}}`;
    await expect.poll(next.events).toEqual([told]);
    await expect.poll(former.events).toEqual([`robot_paired {"robot_id":${id}}`, told]);
  });

  it('sends events of a whole fleet together, in order', async () => {
    const { db, events } = api.deps();
    const got: number[] = [];
    const listen = (event: FleetEvent) => {
      if (event.type === 'robot_seen') got.push(...event.robot_ids);
      else if ('robot_id' in event) got.push(event.robot_id);
    };
    events.on('owner -7', listen);
    const ids = Array.from({ length: 1000 }, (_, i) => 2_147_483_647 - i);
    await publish(db, ...ids.map((robot_id) => ({ type: 'robot_status_changed' as const, robot_id, owner_id: -7 })));
    await expect.poll(() => got.length).toBe(1000);
    expect(got).toEqual(ids);
    got.length = 0;
    await publish(db, { type: 'robot_seen', robot_ids: ids, owner_id: -7 });
    await expect.poll(() => got).toEqual(ids);
    for (const strange of ['', 'nonsense', 'null', '[null, 1, {}, {"type":"robot_seen"}]', '"robot_seen"'])
      await sql`select pg_notify('robowatch_events', ${strange})`.execute(db);
    await publish(db, { type: 'robot_paired', robot_id: 1, owner_id: -7 });
    await expect.poll(() => got.at(-1)).toBe(1);
    events.off('owner -7', listen);
  });

  it('sends one event for a robot that went silent', async () => {
    const owner = await api.person();
    const stream = await listen(owner);
    const { id, token } = await api.pairedRobot(owner);
    await api.report(token, 'mem used_percent=1');
    await api.deps().presence.flush();
    const before = [`robot_paired {"robot_id":${id}}`, `robot_seen {"robot_id":${id}}`];
    await expect.poll(stream.events).toEqual(before);
    const silent = new Date(Date.now() - 3_600_000);
    await api.deps().db.updateTable('robot_presence').set({ seen_at: silent }).where('robot_id', '=', id).execute();
    await expect.poll(stream.events).toEqual([...before, `robot_offline {"robot_id":${id}}`]);
  });

  it('limits streams per user, and frees them when they close', async () => {
    const [user, other] = [await api.person(), await api.person()];
    for (let i = 0; i < 4; i++) await listen(user);
    const another = () => fetch(`${url}/api/events`, { headers: { authorization: `Bearer ${user.token}` } });
    expect((await another()).status).toBe(429);
    await listen(other);
    open[0]?.abort();
    await expect.poll(async () => (await listen(user).catch(() => undefined))?.reply.status).toBe(200);
  });

  it('is for signed-in users', async () => {
    expect((await fetch(`${url}/api/events`)).status).toBe(401);
  });

  it.each([
    ['is switched off', (admin: Person, user: Person) => api.call('PATCH', `/users/${user.id}`, at(admin, false))],
    ['is removed', (admin: Person, user: Person) => api.call('DELETE', `/users/${user.id}`, at(admin))],
    ['accepts an invitation', acceptInvitation],
    ['signs out', (_: Person, user: Person) => api.call('POST', '/auth/logout', { headers: { cookie: user.cookie } })],
  ])('ends at once for a user who %s, and for nobody else', async (_, act) => {
    const [admin, user] = [await api.person('admin'), await api.person()];
    const [theirs, adminsOwn] = [await listen(user), await listen(admin)];
    await act(admin, user);
    await theirs.ended;
    const { id } = await api.pairedRobot(admin);
    await expect.poll(adminsOwn.events).toContain(`robot_paired {"robot_id":${id}}`);
  });

  it('ends when the API key it was opened with is revoked', async () => {
    const owner = await api.person();
    const { body } = await api.call('POST', '/api-keys', { token: owner.token, body: { name: 'k', scope: 'read' } });
    const stream = await listen({ ...owner, token: body.key });
    await api.call('DELETE', `/api-keys/${body.id}`, { token: owner.token });
    await stream.ended;
  });

  it('sends heartbeats', async () => {
    const stream = await listen(await api.person());
    await expect.poll(stream.text, { timeout: 40_000 }).toContain(': still here');
  });

  it('disconnects a client that does not read', async () => {
    const { token } = await api.person('admin');
    const { events } = api.deps();
    const before = events.listenerCount('fleet');
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await expect.poll(() => events.listenerCount('fleet')).toBe(before + 1);
    let told = 0;
    while (events.listenerCount('fleet') > before && told < 2_000_000) {
      for (let i = 0; i < 5_000; i++, told++) events.dispatch({ type: 'robot_seen', robot_ids: [1], owner_id: null });
      await setImmediate();
    }
    expect(events.listenerCount('fleet')).toBe(before);
    socket.resume();
    await once(socket, 'close');
  });
});

/** Gives the user a new password, as after losing the old one. */
async function acceptInvitation(admin: Person, user: Person) {
  const invited = await api.call('POST', `/users/${user.id}/invitation`, { token: admin.token });
  const body = { token: invited.body.invitation_url.split('#')[1], password: 'an entirely new one' };
  expect((await api.call('POST', '/auth/invitation/accept', { body })).status).toBe(201);
}

const at = (admin: Person, is_active?: boolean) => ({
  token: admin.token,
  ...(is_active === undefined ? {} : { body: { is_active } }),
});
