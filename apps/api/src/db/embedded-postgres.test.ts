import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { asDatabaseUser, unprivilegedUser } from './database-user.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-embedded-'));
chmodSync(dir, 0o755);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('starts even if another process has the pid left in postmaster.pid by a power cut', async () => {
  const first = await startEmbeddedPostgres(dir);
  await first.stop();
  const user = unprivilegedUser();
  const { file, args, options } = asDatabaseUser('sleep', ['300'], user);
  const other = spawn(file, args, { ...options, cwd: '/', stdio: 'ignore' });
  try {
    const left = join(dir, 'postgres', 'postmaster.pid');
    const lines = [other.pid, join(dir, 'postgres'), 1, await freePort(), '', '127.0.0.1', '', 'ready', ''];
    writeFileSync(left, lines.join('\n'), { mode: 0o600 });
    if (user) chownSync(left, user.uid, user.gid);
    expect(findEmbeddedPostgres(dir)).toBeUndefined();

    const second = await startEmbeddedPostgres(dir);
    expect(second.pid).not.toBe(other.pid);
    expect(findEmbeddedPostgres(dir)).toBe(second.url);
    await second.stop();
  } finally {
    other.kill();
  }
});

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  return work(client).finally(() => client.end());
}

it('uses a role that cannot read files, takes over objects of a previous version, and has no capabilities', async () => {
  const home = join(dir, 'former');
  mkdirSync(home, { mode: 0o755 });
  const first = await startEmbeddedPostgres(home);
  await withClient(first.adminUrl, async (admin) => {
    await admin.query('create table old (id serial primary key, at bigint); insert into old (at) values (1)');
    await admin.query("create type mood as enum ('good'); create view older as select * from old");
    await admin.query('create table parts (t bigint) partition by range (t)');
    await admin.query('create table parts_1 partition of parts for values from (0) to (9)');
  });
  await first.stop();
  const second = await startEmbeddedPostgres(home);
  try {
    await withClient(second.url, async (client) => {
      await client.query('alter table old add column more text; insert into old (at) values (2)');
      await client.query("alter type mood add value 'bad'");
      await client.query('drop view older; drop table parts_1; create table new (id int)');
      expect((await client.query('select * from old')).rowCount).toBe(2);
      for (const sql of [
        "select pg_read_file('/etc/hostname')",
        "copy new from '/etc/hostname'",
        "copy new to program 'true'",
        'create role other',
      ])
        await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    });
    const status = readFileSync(`/proc/${second.pid}/status`, 'utf8');
    if (unprivilegedUser())
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(status).toMatch(new RegExp(`Cap${set}:\\s+0+\\n`));
  } finally {
    await second.stop();
  }
});

it('keeps its data in a folder that only root may enter', async () => {
  const home = join(dir, 'private');
  mkdirSync(join(home, 'data'), { recursive: true });
  chmodSync(home, 0o700);
  for (const time of ['first', 'second']) {
    const postgres = await startEmbeddedPostgres(join(home, 'data'));
    expect(
      await withClient(postgres.url, async (client) => (await client.query('select 1 as one')).rows),
      time,
    ).toEqual([{ one: 1 }]);
    expect(findEmbeddedPostgres(join(home, 'data'))).toBe(postgres.url);
    await postgres.stop();
  }
});
