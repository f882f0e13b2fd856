import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';
import { enrol } from '../support/totp.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const dir = mkdtempSync(join(tmpdir(), 'robowatch-commands-'));
let server: ServerProcess;

/** Runs the command from package.json with only this environment. */
async function command(name: string, env: Record<string, string>, args: string[] = []) {
  const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as Record<string, string>;
  const [, ...words] = (scripts[name] as string).split(' ');
  const options = { cwd: ROOT, env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', ...env } };
  return promisify(execFile)(process.execPath, [...words, ...args], options).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, output: error.stderr }),
  );
}
const kid = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const me = async (token: string) => (await server.call('GET', '/auth/me', { token })).status;

/** A confirmed robot that has not fetched its token yet, so the token is still stored, sealed. */
async function waitingRobot(code: string) {
  const token = await server.signIn();
  const { poll_token } = (await server.call('POST', '/pair', { body: { hostname: 'orange', code } })).body;
  const confirmed = await server.call('POST', `/pair/${code}/confirm`, { token, body: {} });
  const poll = async () => (await server.call('GET', `/pair/${code}/status`, { token: poll_token })).body.token;
  return { poll, token: confirmed.body.influxdb_token };
}

afterAll(async () => {
  await server?.end();
  rmSync(dir, { recursive: true, force: true });
});

describe('while a server with the embedded database is running', () => {
  const env = { DATA_DIR: dir, PUBLIC_URL: 'https://robots.example' };
  beforeAll(async () => {
    server = await launch({ env });
  });

  it('keys:rotate signs with a new key, and tokens signed with the previous one stay valid', async () => {
    const former = await server.signIn();
    const { code, output } = await command('keys:rotate', env);
    expect([code, output]).toEqual([0, expect.stringContaining('The new signing key is')]);
    expect(await me(former)).toBe(200);
    expect(await server.end()).toBe(0);
    server = await launch({ env });
    const latter = await server.signIn();
    expect(output).toContain(kid(latter));
    expect(kid(latter)).not.toBe(kid(former));
    expect([await me(former), await me(latter)]).toEqual([200, 200]);
  });

  it('admin:link lets an administrator who has lost the password in, once', async () => {
    const former = await server.signIn();
    const { code, output } = await command('admin:link', env);
    expect([code, output]).toEqual([0, expect.stringContaining('admin@lab.example')]);
    const token = /https:\/\/robots\.example\/invitation#(\S+)/.exec(output)?.[1];
    const accept = () =>
      server.call('POST', '/auth/invitation/accept', { body: { token, password: 'a new beginning' } });
    expect((await accept()).status).toBe(201);
    expect((await accept()).body.code).toBe('link_invalid');
    expect(await me(former)).toBe(401);
    const admin = await server.signIn('admin@lab.example', 'a new beginning');
    expect(await me(admin)).toBe(200);
    const { items } = (await server.call('GET', '/audit?action=user.invited', { token: admin })).body;
    expect(items).toMatchObject([{ actor_kind: 'system', target_name: 'admin@lab.example' }]);

    await server.call('POST', '/users', { token: admin, body: { email: 'user@lab.example', name: 'User' } });
    for (const email of ['user@lab.example', 'nobody@lab.example']) {
      expect(await command('admin:link', env, [email])).toEqual({
        code: 1,
        output: `${email} is not the e-mail address of an active administrator.\n`,
      });
    }
    const back = await command('admin:link', env, ['Admin@lab.example']);
    const again = /invitation#(\S+)/.exec(back.output)?.[1];
    const body = { token: again, password: 'correct horse battery' };
    expect((await server.call('POST', '/auth/invitation/accept', { body })).status).toBe(201);
  });

  it('admin:link leaves a second factor in place, unless it is told that it was lost', async () => {
    const email = 'lost@lab.example';
    const password = 'correct horse battery';
    const admin = await server.signIn();
    await server.call('POST', '/users', { token: admin, body: { email, name: 'Lost', role: 'admin', password } });
    await enrol({ call: server.call }, { token: await server.signIn(email, password) });
    const accept = async (...options: string[]) => {
      const { output } = await command('admin:link', env, [email, ...options]);
      const body = { token: /invitation#(\S+)/.exec(output)?.[1], password };
      return server.call('POST', '/auth/invitation/accept', { body });
    };
    expect((await accept()).body.code).toBe('second_factor_required');
    expect((await accept('--without-second-factor')).status).toBe(201);
    expect(await server.signIn(email, password)).toBeTruthy();
  });

  it('secret:rotate refuses while the server is running, then generates a new key; nothing sealed is lost', async () => {
    const signedIn = await server.signIn();
    const robot = await waitingRobot('57721566');
    const before = readFileSync(join(dir, 'secret-key'), 'utf8');
    expect((await command('secret:rotate', env)).output).toContain('is in use by another Robowatch');
    expect(await server.end()).toBe(0);
    expect(await command('secret:rotate', { ...env, NEW_SECRET_KEY: before.trim() })).toMatchObject({ code: 1 });
    const rotated = await command('secret:rotate', env);
    expect([rotated.code, rotated.output]).toEqual([0, expect.stringContaining('3 secrets are now sealed')]);
    expect(readFileSync(join(dir, 'secret-key'), 'utf8')).not.toBe(before);
    expect(statSync(join(dir, 'secret-key')).mode & 0o777).toBe(0o600);
    server = await launch({ env });
    expect(await me(signedIn)).toBe(200);
    expect(await robot.poll()).toBe(robot.token);
    expect(await server.end()).toBe(0);
  });
});

describe('with an external PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await server.end();
    await postgres?.stop();
  });

  const [old, next, last] = [0, 0, 0].map(() => randomBytes(32).toString('hex')) as [string, string, string];

  it('secret:rotate changes from SECRET_KEY to NEW_SECRET_KEY; the other commands work, too', async () => {
    const env = { DATABASE_URL: postgres.url, SECRET_KEY: old };
    expect((await command('keys:rotate', env)).output).toContain('The database is empty');
    for (let run = 0; run < 2; run++) expect((await command('migrate', env)).code).toBe(0);
    expect((await command('keys:rotate', env)).output).not.toContain('The database is empty');
    server = await launch({ env });
    const signedIn = await server.signIn();
    const robot = await waitingRobot('69314718');
    expect((await command('keys:rotate', env)).code).toBe(0);
    expect((await command('admin:link', env)).output).toContain('invitation#');
    expect(await server.end()).toBe(0);

    expect((await command('secret:rotate', env)).output).toContain('Set NEW_SECRET_KEY');
    expect((await command('secret:rotate', { ...env, NEW_SECRET_KEY: 'short' })).output).toContain('at least 32');
    for (let run = 0; run < 2; run++) {
      const { code, output } = await command('secret:rotate', { ...env, NEW_SECRET_KEY: next });
      expect([code, output]).toEqual([0, expect.stringContaining('3 secrets are now sealed with the new key.')]);
    }
    server = await launch({ env: { ...env, SECRET_KEY: next } });
    expect(await me(signedIn)).toBe(200);
    expect(await robot.poll()).toBe(robot.token);
  });

  it("the OpenID provider's keys are rotated with the others, and none is lost", async () => {
    const app = { GRAFANA_URL: 'https://grafana.example', OIDC_GRAFANA_SECRET: 'b1946ac92492d2347c6235b4d2611184' };
    const env = { DATABASE_URL: postgres.url, SECRET_KEY: next, ...app };
    const published = async () =>
      ((await (await fetch(`${server.origin}/oidc/jwks`)).json()) as { keys: { kid: string }[] }).keys;
    await server.end();
    server = await launch({ env });
    const [former] = await published();
    const { output } = await command('keys:rotate', env);
    const [current, ...rest] = await published();
    expect(output).toContain(`signed with the new key ${current?.kid}`);
    expect(rest).toEqual([former]);
    const before = await published();
    expect(await server.end()).toBe(0);
    const rotated = await command('secret:rotate', { ...env, NEW_SECRET_KEY: last });
    expect(rotated.output).toMatch(/^\d+ secrets are now sealed with the new key\. /);
    server = await launch({ env: { ...env, SECRET_KEY: last } });
    expect(await published()).toEqual(before);
    expect(server.output()).not.toMatch(/oidc-provider|WARNING|NOTICE/);
  });
});
