import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { ensureSuperset } from '../../../../tools/real/superset-venv.ts';
import { SECRETS, useOpenId } from '../support/open-id.ts';

const server = useOpenId();

it('Authlib, with which Superset signs people in, gets through and verifies what it is given', async () => {
  const python = await ensureSuperset();
  const person = await server.person('admin');
  const script = join(import.meta.dirname, 'authlib_client.py');
  const args = [script, server.origin(), server.apiOrigin(), SECRETS.superset, server.callback.superset];
  // It insists on TLS otherwise.
  const env = { PATH: process.env.PATH, AUTHLIB_INSECURE_TRANSPORT: '1' };
  const child = spawn(python, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { url } = JSON.parse((await lines.next()).value as string);
  const { url: back } = await person.browser.go(url);
  child.stdin.write(`${back.href}\n`);
  const { claims, info, renewed } = JSON.parse((await lines.next()).value as string);
  if (child.exitCode === null) await once(child, 'exit');
  const who = { sub: String(person.id), email: person.email, preferred_username: person.email, role: 'admin' };
  expect(claims).toMatchObject(who);
  expect(info).toMatchObject(who);
  expect(renewed).toBe(true);
});
