import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { compose } from '../../src/composition.ts';
import type { FleetEvent } from '../../src/events/event-bus.ts';
import { deleteOldDevices, keyOf, lockDevices, saveDevices } from '../../src/robots/device-store.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const [ONE, OTHER] = ['1'.repeat(32), '2'.repeat(32)];

async function robotOf() {
  const owner = await api.person();
  const robot = await api.pairedRobot(owner, 'Rover');
  const show = async () => (await api.call('GET', `/robots/${robot.id}`, { token: owner.token })).body;
  /** One report, written down as the job does every few seconds. */
  const report = async (headers: Record<string, string>, address = '192.0.2.1', lines = 'mem used_percent=1') => {
    const options = { token: robot.token, body: lines, headers: { 'content-type': 'text/plain', ...headers }, address };
    const { status } = await api.call('POST', '/metrics', options);
    await api.deps().presence.flush();
    return status;
  };
  const boot = (id: string, address?: string) => report({ 'x-robowatch-boot': id }, address);
  return { owner, robot, show, report, boot };
}

it('two devices with one token are noticed, told of once, and shown with their addresses', async () => {
  const { owner, robot, show, boot } = await robotOf();
  const events: FleetEvent[] = [];
  api.deps().events.on(`owner ${owner.id}`, (event) => events.push(event));
  for (let i = 0; i < 2; i++) {
    await boot(ONE, '192.0.2.10');
    await boot(OTHER, '203.0.113.5');
  }
  expect((await show()).cloned).toBeNull();
  for (let i = 0; i < 3; i++) {
    await boot(ONE, '192.0.2.10');
    await boot(OTHER, '203.0.113.5');
  }
  const { cloned } = await show();
  expect(cloned.devices).toMatchObject([{ address: '192.0.2.10' }, { address: '203.0.113.5' }]);
  const told = () => events.filter(({ type }) => type === 'robot_status_changed');
  await expect.poll(told).toHaveLength(1);
  const admin = await api.person('admin');
  const log = async () =>
    (await api.call('GET', `/audit?action=robot.cloned&target_id=${robot.id}`, { token: admin.token })).body.items;
  expect(await log()).toMatchObject([{ actor_kind: 'system', target_name: 'Rover' }]);
  expect((await log())[0].details.devices).toHaveLength(2);
});

it('reports of both within one write, behind one address, are noticed too', async () => {
  const { robot, show } = await robotOf();
  const send = (id: string) => api.report(robot.token, 'mem used_percent=1', { 'x-robowatch-boot': id });
  for (let i = 0; i < 3; i++) for (const id of [ONE, OTHER]) await send(id);
  await api.deps().presence.flush();
  expect((await show()).cloned.devices).toHaveLength(2);
});

it('devices that each report to a replica of their own are noticed', async () => {
  const { robot, show, boot } = await robotOf();
  const other = await compose(api.deps().config);
  const app = await buildApp(other);
  for (let i = 0; i < 3; i++) {
    await boot(ONE);
    const headers = { authorization: `Bearer ${robot.token}`, 'content-type': 'text/plain', 'x-robowatch-boot': OTHER };
    await app.inject({ method: 'POST', url: '/api/metrics', headers, payload: 'mem used_percent=1' });
    await other.presence.flush();
  }
  expect((await show()).cloned.devices).toHaveLength(2);
  await app.close();
  await other.close();
});

it('a robot that is started again and again, and one that changes its address, is one', async () => {
  const { show, boot, report } = await robotOf();
  for (let i = 0; i < 12; i++)
    await boot(
      String(i % 6)
        .repeat(32)
        .replace(/^./, String(Math.floor(i / 6))),
    );
  for (let i = 0; i < 12; i++) await boot(OTHER, i % 2 ? '192.0.2.10' : '203.0.113.5');
  for (let i = 0; i < 12; i++) await report({}, i % 2 ? '192.0.2.10' : '203.0.113.5');
  for (const bad of ['', '$ROBOWATCH_BOOT', 'x'.repeat(32), `${ONE}0`]) for (let i = 0; i < 4; i++) await boot(bad);
  expect((await show()).cloned).toBeNull();
});

it("other agents' devices are told apart by live uptimes; late data of a former boot is not another device", async () => {
  const { show, report } = await robotOf();
  const system = (uptime: number, ago = 0) =>
    report(
      {},
      '192.0.2.1',
      `system load1=1 ${Date.now() - ago}000000\nsystem uptime=${uptime}i ${Date.now() - ago}000000`,
    );
  for (let i = 0; i < 12; i++) await (i % 2 ? system(300) : system(9000, 3_600_000));
  expect((await show()).cloned).toBeNull();
  for (let i = 0; i < 12; i++) await system(i % 2 ? 300 : 90_000);
  const { devices } = (await show()).cloned;
  expect(
    devices.map(({ booted_at }: { booted_at: string }) => Math.round((Date.now() - Date.parse(booted_at)) / 1e5)),
  ).toEqual(expect.arrayContaining([900, 3]));
});

it('ending the token stops both; each is paired anew, one as the robot that it was', async () => {
  const { owner, robot, show, boot } = await robotOf();
  for (let i = 0; i < 3; i++) for (const id of [ONE, OTHER]) await boot(id);
  expect((await show()).cloned).not.toBeNull();
  const end = async (token: string) => (await api.call('POST', `/robots/${robot.id}/end-token`, { token })).status;
  expect(await end((await api.person()).token)).toBe(404);
  expect((await show()).has_token).toBe(true);
  expect(await end(owner.token)).toBe(204);
  expect([await boot(ONE), await boot(OTHER)]).toEqual([401, 401]);
  expect(await show()).toMatchObject({ cloned: null, has_token: false, replaced: null, status: 'active' });
  const [same, fresh] = [await api.ask('orange'), await api.ask('orange')];
  const confirm = (code: string, body: object) =>
    api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body });
  const first = await confirm(same.code, { replaces: robot.id });
  const second = await confirm(fresh.code, {});
  expect([first.body.robot_id, second.body.robot_id]).toEqual([robot.id, fresh.robot_id]);
  for (const { body } of [first, second])
    expect((await api.report(body.influxdb_token, 'mem used_percent=1')).status).toBe(204);
  // There is no former token to go back to.
  expect(await show()).toMatchObject({ has_token: true, replaced: null });
  expect((await api.call('POST', `/robots/${robot.id}/undo-replacement`, { token: owner.token })).status).toBe(404);
});

it('is forgotten a day after it was last noticed, and when hardware is replaced', async () => {
  const { owner, robot, show, boot } = await robotOf();
  const copy = async () => {
    for (let i = 0; i < 3; i++) for (const id of [ONE, OTHER]) await boot(id);
    expect((await show()).cloned).not.toBeNull();
  };
  await copy();
  const { db } = api.deps();
  await deleteOldDevices(db);
  expect((await show()).cloned).not.toBeNull();
  await db
    .updateTable('robot_clones')
    .set({ seen_at: new Date(Date.now() - 86_500_000) })
    .execute();
  await deleteOldDevices(db);
  expect((await show()).cloned).toBeNull();
  await copy();
  const { code } = await api.ask('spare');
  await api.call('POST', `/pair/${code}/confirm`, { token: owner.token, body: { replaces: robot.id } });
  expect((await show()).cloned).toBeNull();
});

it('a token is changed while a report of another device is written down: neither fails for the other', async () => {
  const { owner, robot, boot } = await robotOf();
  await boot(ONE);
  const { db } = api.deps();
  const waiting = async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`.execute(
      db,
    );
    return rows[0]?.n;
  };
  let rotated: ReturnType<typeof api.call> | undefined;
  await db.transaction().execute(async (tx) => {
    const known = (await lockDevices(tx, robot.id)) ?? [];
    rotated = api.call('POST', `/robots/${robot.id}/token`, { token: owner.token });
    await expect.poll(waiting).toBeGreaterThan(0);
    const device = keyOf({ boot: OTHER, bootedAt: null, address: '192.0.2.1', at: Date.now() });
    await saveDevices(
      tx,
      robot.id,
      known.map((one) => ({ ...one, device })),
    );
  });
  expect((await rotated)?.status).toBe(200);
});
