import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { compose } from '../../src/composition.ts';
import { saveInventories } from '../../src/robots/inventory-store.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi();
const NOTHING = { model: null, os: null, kernel: null, agent: null, serial: null };
const PI = 'model="Raspberry Pi 5",os="Debian 12",kernel="6.6.51",agent="1.37.0",serial="0xabc_1"';
const iso = (ms: number) => new Date(ms).toISOString();

const show = async (id: number, by: Person) => (await api.call('GET', `/robots/${id}`, { token: by.token })).body;
/** One report, written down as the job does every few seconds. */
async function report(token: string, fields: string, ms = Date.now()) {
  const { status } = await api.report(token, `mem used_percent=1 ${ms}000000\ninventory ${fields} ${ms}000000`);
  await api.deps().inventories.write();
  return status;
}
async function robotOf(name?: string) {
  const owner = await api.person();
  return { owner, robot: await api.pairedRobot(owner, name) };
}
const found = async (by: Person, q: string): Promise<string[]> => {
  const { body } = await api.call('GET', `/robots?q=${encodeURIComponent(q)}`, { token: by.token });
  return body.items.map(({ name }: { name: string }) => name);
};

it("is in the robot's own reply and in the list; null for a robot that has never sent one", async () => {
  const { owner, robot } = await robotOf();
  expect((await api.report(robot.token, 'mem used_percent=1')).status).toBe(204);
  await api.deps().inventories.write();
  expect((await show(robot.id, owner)).inventory).toBeNull();
  const ms = Date.now() - 5_000;
  expect(await report(robot.token, PI, ms)).toBe(204);
  const told = {
    ...{ model: 'Raspberry Pi 5', os: 'Debian 12', kernel: '6.6.51', agent: '1.37.0', serial: '0xabc_1' },
    at: iso(ms),
  };
  expect((await show(robot.id, owner)).inventory).toEqual({ ...told, since: iso(ms) });
  const list = await api.call('GET', '/robots', { token: owner.token });
  expect(list.body.items[0].inventory).toEqual(told);
});

it("is understood as the agent's own script says it", async () => {
  const { owner, robot } = await robotOf();
  const root = mkdtempSync(join(tmpdir(), 'robowatch-board-'));
  const files = {
    'proc/device-tree/model': 'Orange Pi 5 \\ "Plus"\0',
    'proc/sys/kernel/osrelease': '6.1.43-rockchip\n',
    'etc/os-release': 'NAME=Armbian\nPRETTY_NAME="Armbian 24.8, bookworm"\n',
    'sys/block/mmcblk0/device/serial': '0x1f2e3d4c\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const script = fileURLToPath(new URL('../../../../agent/board.sh', import.meta.url));
  const env = {
    ...{ PATH: process.env.PATH, ROBOWATCH_RUN_DIR: join(root, 'run') },
    ...{ HOST_PROC: join(root, 'proc'), HOST_SYS: join(root, 'sys'), HOST_ETC: join(root, 'etc') },
  };
  const lines = execFileSync('sh', [script], { env, encoding: 'utf8' });
  rmSync(root, { recursive: true });
  expect((await api.report(robot.token, lines)).status).toBe(204);
  await api.deps().inventories.write();
  expect((await show(robot.id, owner)).inventory).toMatchObject({
    ...{ model: 'Orange Pi 5 \\ "Plus"', os: 'Armbian 24.8, bookworm' },
    ...{ kernel: '6.1.43-rockchip', serial: '0x1f2e3d4c' },
  });
});

it('the newest is shown, and since when it is the same; an older one does not take its place', async () => {
  const { owner, robot } = await robotOf();
  const now = Date.now();
  await report(robot.token, PI, now - 9_000);
  await report(robot.token, PI, now - 6_000);
  expect((await show(robot.id, owner)).inventory).toMatchObject({ at: iso(now - 6_000), since: iso(now - 9_000) });
  await report(robot.token, 'model="Older"', now - 7_000);
  expect((await show(robot.id, owner)).inventory).toMatchObject({ model: 'Raspberry Pi 5', at: iso(now - 6_000) });
  await report(robot.token, 'model="Newer"', now - 1_000);
  const at = iso(now - 1_000);
  expect((await show(robot.id, owner)).inventory).toEqual({ ...NOTHING, model: 'Newer', at, since: at });
  // Of a clock that was ahead: what follows is not kept out.
  await report(robot.token, 'model="Ahead"', Date.now() + 1_800_000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await report(robot.token, 'model="Set"');
  expect((await show(robot.id, owner)).inventory.model).toBe('Set');
});

it('of two at once, at two replicas or in one, the newer one is kept', async () => {
  const other = await compose(api.deps().config);
  const app = await buildApp(other);
  const { owner, robot } = await robotOf();
  const { inventories } = api.deps();
  for (let round = 0; round < 20; round++) {
    const ms = Date.now() - 10_000 + round * 10;
    const line = (i: number) => `inventory model="${round}.${i}" ${ms + i}000000`;
    const headers = { authorization: `Bearer ${robot.token}`, 'content-type': 'text/plain' };
    const replies = await Promise.all([
      api.report(robot.token, line(3)),
      app
        .inject({ method: 'POST', url: '/api/metrics', headers, payload: line(4) })
        .then((reply) => ({ status: reply.statusCode })),
      api.report(robot.token, line(1)),
      api.report(robot.token, line(2)),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    await Promise.all([inventories.write(), other.inventories.write(), inventories.write()]);
    expect((await show(robot.id, owner)).inventory).toMatchObject({ model: `${round}.4`, at: iso(ms + 4) });
  }
  await app.close();
  await other.close();
});

it('of two between two writes, the newer one is kept', async () => {
  const { owner, robot } = await robotOf();
  const now = Date.now();
  for (const [model, ms] of Object.entries({ Newer: now - 1_000, Older: now - 2_000 }))
    expect((await api.report(robot.token, `inventory model="${model}" ${ms}000000`)).status).toBe(204);
  await api.deps().inventories.write();
  expect((await show(robot.id, owner)).inventory.model).toBe('Newer');
});

it('many robots at once, in any order, do not wait for each other for ever', async () => {
  const owner = await api.person();
  const hashes: string[] = [];
  for (let i = 0; i < 8; i++) hashes.push(sha256((await api.pairedRobot(owner)).token));
  const { db } = api.deps();
  const write = (i: number) => {
    const order = i % 2 ? hashes : [...hashes].reverse();
    return saveInventories(
      db,
      order.map((tokenHash) => ({ ...NOTHING, model: `m${i}`, tokenHash, at: Date.now() + i })),
    );
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 6 }, (_, i) => write(i)));
  const list = await api.call('GET', '/robots', { token: owner.token });
  expect(new Set(list.body.items.map((robot: { inventory: { model: string } }) => robot.inventory.model)).size).toBe(1);
});

it('finds robots by it, of which the wrong person sees nothing', async () => {
  const { owner, robot } = await robotOf('Rover');
  await api.pairedRobot(owner, 'Other');
  await report(robot.token, PI);
  for (const q of ['raspberry pi', 'debian 12', '6.6.51', '1.37', '0XABC_'])
    expect(await found(owner, q), q).toEqual(['Rover']);
  expect(await found(owner, '0xabcd1')).toEqual([]);
  expect(await found(owner, '%')).toEqual([]);
  const stranger = await api.person();
  await api.pairedRobot(stranger, 'Theirs');
  expect(await found(stranger, 'raspberry')).toEqual([]);
  expect((await api.call('GET', `/robots/${robot.id}`, { token: stranger.token })).status).toBe(404);
  const byId = await api.call('GET', `/robots?id=${robot.id}`, { token: stranger.token });
  expect(byId.body.items).toEqual([]);
  expect((await api.call('GET', `/robots/${robot.id}`)).status).toBe(401);
  expect(await found(await api.person('admin'), 'raspberry')).toContain('Rover');
});

it('whatever a robot sends is only text, and no report is refused because of it', async () => {
  const { owner, robot } = await robotOf();
  expect(
    await report(robot.token, `model="'; drop table robots; --\u001b[31m<b>\u202e",os="${'x'.repeat(60_000)}"`),
  ).toBe(204);
  const { inventory } = await show(robot.id, owner);
  expect(inventory.model).toBe("'; drop table robots; --[31m<b>");
  expect(inventory.os).toHaveLength(256);
  const other = await robotOf();
  expect(await report(other.robot.token, 'model=5,os=true,__proto__="x"')).toBe(204);
  expect((await show(other.robot.id, other.owner)).inventory).toBeNull();
});

it('reports are accepted while it cannot be written; it stays noted until it can', async () => {
  const { owner, robot } = await robotOf();
  const { db, inventories } = api.deps();
  await sql`alter table robot_inventories rename to elsewhere`.execute(db);
  try {
    expect((await api.report(robot.token, 'inventory model="Kept"')).status).toBe(204);
    await expect(inventories.write()).rejects.toThrow('robot_inventories');
  } finally {
    await sql`alter table elsewhere rename to robot_inventories`.execute(db);
  }
  await inventories.write();
  expect((await show(robot.id, owner)).inventory.model).toBe('Kept');
});

it('goes with the robot', async () => {
  const { owner, robot } = await robotOf();
  await report(robot.token, PI);
  // Accepted before, written after.
  await api.report(robot.token, `inventory ${PI}`);
  expect((await api.call('DELETE', `/robots/${robot.id}`, { token: owner.token })).status).toBe(204);
  await api.deps().inventories.write();
  const rows = api.deps().db.selectFrom('robot_inventories').selectAll().where('robot_id', '=', robot.id);
  expect(await rows.execute()).toEqual([]);
});

it("replaced hardware's is forgotten, also what was under way; undone, it is that of the robot of its own", async () => {
  const { owner, robot } = await robotOf('Rover');
  await report(robot.token, PI);
  await api.report(robot.token, 'inventory model="Under way"');
  const { code } = await api.ask('spare');
  const confirmed = await api.call('POST', `/pair/${code}/confirm`, {
    token: owner.token,
    body: { replaces: robot.id },
  });
  await api.deps().inventories.write();
  expect((await show(robot.id, owner)).inventory).toBeNull();
  // Its clock may be behind the former one's.
  await report(confirmed.body.influxdb_token, 'model="Orange Pi 5"', Date.now() - 600_000);
  expect((await show(robot.id, owner)).inventory.model).toBe('Orange Pi 5');

  const undone = await api.call('POST', `/robots/${robot.id}/undo-replacement`, { token: owner.token });
  expect((await show(robot.id, owner)).inventory).toBeNull();
  expect((await show(undone.body.new_robot_id, owner)).inventory.model).toBe('Orange Pi 5');
  await report(robot.token, PI);
  expect((await show(robot.id, owner)).inventory.model).toBe('Raspberry Pi 5');
});

it('a write that meets a replacement under way waits for it, and is of no use any more', async () => {
  const { owner, robot } = await robotOf();
  const { db } = api.deps();
  let written: Promise<void> | undefined;
  await db.transaction().execute(async (tx) => {
    await tx.selectFrom('robots').select('id').where('id', '=', robot.id).forUpdate().execute();
    await tx
      .updateTable('robots')
      .set({ influxdb_token: 'f'.repeat(64) })
      .where('id', '=', robot.id)
      .execute();
    written = saveInventories(db, [{ ...NOTHING, model: 'Former', tokenHash: sha256(robot.token), at: Date.now() }]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await written;
  expect((await show(robot.id, owner)).inventory).toBeNull();
});

it('a write that meets another change of the robot waits for it, and is kept', async () => {
  const { owner, robot } = await robotOf();
  const { db } = api.deps();
  let written: Promise<void> | undefined;
  await db.transaction().execute(async (tx) => {
    await tx.selectFrom('robots').select('id').where('id', '=', robot.id).forUpdate().execute();
    await tx.updateTable('robots').set({ name: 'Renamed' }).where('id', '=', robot.id).execute();
    written = saveInventories(db, [{ ...NOTHING, model: 'Kept', tokenHash: sha256(robot.token), at: Date.now() }]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await written;
  expect((await show(robot.id, owner)).inventory?.model).toBe('Kept');
});
