import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { launch, type ServerProcess } from '../support/server-process.ts';

const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');
const dir = mkdtempSync(join(tmpdir(), 'robowatch-unprivileged-'));
let server: ServerProcess | undefined;
afterAll(async () => {
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

const isOpenToAll = (path: string): boolean =>
  (statSync(path).mode & 0o005) === 0o005 && (path === dirname(path) || isOpenToAll(dirname(path)));

/** The checkout if everybody can read it and our Node, or else a readable copy. */
function readableCheckout(): { checkout: string; node: string } {
  if (isOpenToAll(CHECKOUT) && isOpenToAll(dirname(process.execPath)))
    return { checkout: CHECKOUT, node: process.execPath };
  const copy = join(dir, 'checkout');
  for (const part of ['package.json', 'agent', 'apps', 'tools', 'node_modules'])
    cpSync(join(CHECKOUT, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  return { checkout: copy, node: join(copy, 'node_modules/node/bin/node') };
}

it('runs as a user other than root, with only its own folder', async () => {
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string) => Number(execFileSync('id', isRoot ? [flag, 'nobody'] : [flag]).toString());
  const user = { uid: id('-u'), gid: id('-g') };
  const data = mkdtempSync(join(dir, 'data-'));
  chmodSync(dir, 0o755);
  if (isRoot) chownSync(data, user.uid, user.gid);
  const { checkout, node } = readableCheckout();
  const options = { main: join(checkout, 'apps/api/src/start.js'), node, spawn: { ...(isRoot && user), cwd: data } };
  server = await launch({ env: { DATA_DIR: join(data, 'robowatch') }, ...options });
  expect(server.output()).toContain('Robowatch is running');
  expect(statSync(`/proc/${server.child.pid}`).uid).toBe(user.uid);

  const token = await server.signIn();
  await server.call('POST', '/pair', { body: { hostname: 'orange', code: '16180339' } });
  const { body } = await server.call('POST', '/pair/16180339/confirm', { token, body: {} });
  const report = { token: body.influxdb_token, body: 'mem used_percent=1' };
  expect((await server.call('POST', '/metrics', report)).status).toBe(204);
  for (const secret of ['secret-key', 'postgres-password']) {
    const { mode, uid } = statSync(join(data, 'robowatch', secret));
    expect([mode & 0o777, uid]).toEqual([0o600, user.uid]);
  }
  expect(await server.end()).toBe(0);
  expect(existsSync(join(data, 'robowatch/postgres/postmaster.pid'))).toBe(false);
});
