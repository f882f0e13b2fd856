import { describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { compose } from '../../src/composition.ts';
import type { FleetEvent } from '../../src/events/event-bus.ts';
import { stampLines } from '../../src/line-protocol/index.ts';
import type { ReportingRobot } from '../../src/robots/credential-store.ts';
import { deleteKeptHardware } from '../../src/robots/replacement-store.ts';
import { TokenCache } from '../../src/robots/token-cache.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const confirm = (code: string, by: Person, body: object) =>
  api.call('POST', `/pair/${code}/confirm`, { token: by.token, body });
const show = async (id: number, by: Person) => (await api.call('GET', `/robots/${id}`, { token: by.token })).body;
const undo = (id: number, by: Person) => api.call('POST', `/robots/${id}/undo-replacement`, { token: by.token });
const accepted = async (token: string) => (await api.report(token, 'mem used_percent=1')).status;
const codeRow = (code: string) =>
  api.deps().db.selectFrom('pair_codes').selectAll().where('code', '=', code).executeTakeFirstOrThrow();

/** A robot that has reported, with labels, and the code of a device that is to replace it. */
async function wornOut() {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner, 'Rover');
  await api.call('PATCH', `/robots/${robot.id}`, { token: owner.token, body: { labels: { site: 'lab' } } });
  expect(await accepted(robot.token)).toBe(204);
  return { owner, robot, asked: await api.ask('spare') };
}

async function replaced() {
  const before = await wornOut();
  const { owner, robot, asked } = before;
  const reply = await confirm(asked.code, owner, { replaces: robot.id });
  expect(reply.status).toBe(200);
  return { ...before, token: reply.body.influxdb_token as string };
}

describe('a device that replaces a robot', () => {
  it('becomes it: id, name, labels and history stay, hardware and token are its own', async () => {
    const { owner, robot, asked } = await wornOut();
    const events: FleetEvent[] = [];
    api.deps().events.on(`owner ${owner.id}`, (event) => events.push(event));
    const reply = await confirm(asked.code, owner, { replaces: robot.id });
    expect(reply.body).toMatchObject({ robot_id: robot.id, status: 'active' });
    expect(await accepted(robot.token)).toBe(401);
    const { token } = (
      await api.call('GET', `/pair/${asked.code}/status`, { token: asked.poll_token, address: '203.0.113.9' })
    ).body;
    expect(token).toBe(reply.body.influxdb_token);
    expect((await codeRow(asked.code)).encrypted_token).not.toBeNull();
    expect(await accepted(token)).toBe(204);
    expect((await codeRow(asked.code)).encrypted_token).toBeNull();

    const now = await show(robot.id, owner);
    expect(now).toMatchObject({ name: 'Rover', hostname: 'spare', labels: { site: 'lab' }, status: 'active' });
    expect(now.replaced.hostname).toBe('orange');
    expect(Date.parse(now.replaced.undo_until) - Date.parse(now.replaced.at)).toBe(86_400_000);
    expect((await api.call('GET', '/robots', { token: owner.token })).body.items).toHaveLength(1);
    const points = await api.call(
      'GET',
      `/robots/${robot.id}/metrics/mem?from=-1h&fn=count&every=1h&fields=used_percent`,
      owner,
    );
    expect(points.body.series).toHaveLength(1);
    await expect.poll(() => events.map(({ type }) => type)).toContain('robot_paired');
    const admin = await api.person('admin');
    const log = await api.call('GET', `/audit?action=robot.replaced&target_id=${robot.id}`, { token: admin.token });
    expect(log.body.items).toMatchObject([
      { actor_id: owner.id, target_name: 'Rover', details: { former_hostname: 'orange', hostname: 'spare' } },
    ]);
  });

  it('ends the former token at once on a replica that has just accepted it', async () => {
    const { owner, robot, asked } = await wornOut();
    const other = await compose(api.deps().config);
    const app = await buildApp(other);
    const report = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
      const payload = 'mem used_percent=1';
      return (await app.inject({ method: 'POST', url: '/api/metrics', headers, payload })).statusCode;
    };
    expect(await report(robot.token)).toBe(204);
    const token = (await confirm(asked.code, owner, { replaces: robot.id })).body.influxdb_token;
    expect([await report(robot.token), await report(token), await report(token)]).toEqual([401, 204, 204]);
    await undo(robot.id, owner);
    expect(await report(robot.token)).toBe(204);
    // The replica still takes the token for the former robot's: nothing is stored there, and the data is sent again.
    expect([await report(token), await report(token)]).toEqual([503, 204]);
    await app.close();
    await other.close();
  });

  it("cannot replace another person's robot or none, which changes nothing and costs no attempt", async () => {
    const { robot, owner } = await wornOut();
    const stranger = await api.person();
    const { code } = await api.ask('thief');
    for (let i = 0; i < 30; i++) {
      const reply = await confirm(code, stranger, { replaces: i % 2 ? robot.id : 2_147_483_647 });
      expect(reply).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect(await accepted(robot.token)).toBe(204);
    expect(await show(robot.id, owner)).toMatchObject({ hostname: 'orange', replaced: null });
    expect((await confirm(code, stranger, {})).status).toBe(200);
    expect((await confirm('00000000', owner, { replaces: robot.id })).status).toBe(404);
  });

  it('replaces any robot when an administrator says so, for the same owner; none that is not confirmed', async () => {
    const { robot, owner, asked } = await wornOut();
    const admin = await api.person('admin');
    expect(await confirm(asked.code, admin, { replaces: asked.robot_id })).toMatchObject({ status: 409 });
    expect((await confirm(asked.code, admin, { replaces: robot.id })).status).toBe(200);
    expect((await show(robot.id, owner)).owner.id).toBe(owner.id);
  });

  it('is one of ten when its code is confirmed ten times at once', async () => {
    const { robot, owner, asked } = await wornOut();
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) => confirm(asked.code, owner, i % 2 ? { replaces: robot.id } : {})),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(404)]);
    const won = replies.find(({ status }) => status === 200);
    expect(await accepted(won?.body.influxdb_token)).toBe(204);
    const { items } = (await api.call('GET', '/robots', { token: owner.token })).body;
    expect(items).toHaveLength(won?.body.robot_id === robot.id ? 1 : 2);
  });

  it('is the only one whose token works when several replace one robot at once', async () => {
    const { robot, owner, asked } = await wornOut();
    const codes = [asked.code, ...(await Promise.all(['b', 'c', 'd'].map(async (host) => (await api.ask(host)).code)))];
    const replies = await Promise.all(codes.map((code) => confirm(code, owner, { replaces: robot.id })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const tokens = [robot.token, ...replies.map(({ body }) => body.influxdb_token as string)];
    const statuses = await Promise.all(tokens.map(accepted));
    expect(statuses.sort()).toEqual([204, 401, 401, 401, 401]);
  });
});

describe('undoing a replacement', () => {
  it('brings the former device back; the newer one goes on as a robot of its own', async () => {
    const { robot, owner, token } = await replaced();
    expect(await accepted(token)).toBe(204);
    const reply = await undo(robot.id, owner);
    expect(reply).toMatchObject({ status: 200, body: { robot_id: robot.id } });
    // The first report may meet a replica that still takes it for the former robot: its data is kept, not refused.
    expect([204, 503]).toContain(await accepted(token));
    expect([await accepted(token), await accepted(robot.token)]).toEqual([204, 204]);
    expect(await show(robot.id, owner)).toMatchObject({ name: 'Rover', hostname: 'orange', replaced: null });
    const own = await show(reply.body.new_robot_id, owner);
    expect(own).toMatchObject({ name: 'spare', hostname: 'spare', owner: { id: owner.id }, status: 'active' });
    expect((await undo(robot.id, owner)).status).toBe(404);
  });

  it('never stores a report under one robot that is stamped as the other, even in one batch', async () => {
    const { robot, owner, token } = await replaced();
    const { db, ingest, catalog } = api.deps();
    const tokenHash = sha256(token);
    const find = async () => (await new TokenCache(db, 1000).find(tokenHash)) as ReportingRobot;
    const submit = async (sender: ReportingRobot) => {
      const shape = await catalog.shapeOf(sender);
      const now = BigInt(Date.now()) * 1_000_000n;
      const lines = stampLines(Buffer.from('mem used_percent=1'), 'ns', {
        shape,
        receivedAt: now,
        oldest: 0n,
        newest: now,
      });
      const refused = await catalog.admit(shape, lines);
      const deadline = performance.now() + 4_000;
      return () =>
        ingest.submit({
          ...{ robot: sender, tokenHash, lines, lane: 'short', refused, deadline },
          hold: ingest.hold(sender.id, 1),
        });
    };
    const before = await submit(await find());
    await undo(robot.id, owner);
    const after = await submit(await find());
    const [late, right] = await Promise.allSettled([before(), after()]);
    expect([late?.status, right?.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('still hands the token to a device that has not fetched it yet', async () => {
    const { robot, owner, asked, token } = await replaced();
    const { new_robot_id } = (await undo(robot.id, owner)).body;
    const polled = await api.call('GET', `/pair/${asked.code}/status`, { token: asked.poll_token });
    expect(polled.body).toMatchObject({ token, robot_id: new_robot_id, name: 'spare' });
  });

  it('happens once of ten times at once, and for nobody else', async () => {
    const { robot, owner, token } = await replaced();
    expect((await undo(robot.id, await api.person())).status).toBe(404);
    expect([await accepted(token), await accepted(robot.token)]).toEqual([204, 401]);
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => undo(robot.id, owner)))).map((r) => r.status);
    expect(statuses.sort()).toEqual([200, ...Array(9).fill(404)]);
    expect((await api.call('GET', '/robots', { token: owner.token })).body.items).toHaveLength(2);
  });

  it('leaves a robot switched off that was switched off before', async () => {
    const { robot, owner, asked } = await wornOut();
    await api.call('PATCH', `/robots/${robot.id}`, { token: owner.token, body: { status: 'inactive' } });
    await confirm(asked.code, owner, { replaces: robot.id });
    expect((await show(robot.id, owner)).status).toBe('active');
    await undo(robot.id, owner);
    expect([(await show(robot.id, owner)).status, await accepted(robot.token)]).toEqual(['inactive', 401]);
  });

  it('leaves both switched off if the robot was switched off since', async () => {
    const { robot, owner, token } = await replaced();
    await api.call('PATCH', `/robots/${robot.id}`, { token: owner.token, body: { status: 'inactive' } });
    const own = (await undo(robot.id, owner)).body.new_robot_id;
    expect([await accepted(token), await accepted(robot.token)]).toEqual([401, 401]);
    expect([(await show(own, owner)).status, (await show(robot.id, owner)).status]).toEqual(['inactive', 'inactive']);
  });

  it('is over after a day, when the former token is deleted', async () => {
    const { robot, owner } = await replaced();
    const { db } = api.deps();
    const kept = () => db.selectFrom('robot_replacements').select('id').where('robot_id', '=', robot.id).execute();
    await deleteKeptHardware(db);
    expect(await kept()).toHaveLength(1);
    const past = new Date(Date.now() - 1000);
    await db.updateTable('robot_replacements').set({ undo_until: past }).where('robot_id', '=', robot.id).execute();
    expect((await show(robot.id, owner)).replaced).toBeNull();
    expect((await undo(robot.id, owner)).status).toBe(404);
    await deleteKeptHardware(db);
    expect(await kept()).toHaveLength(0);
  });
});
