import { randomBytes, randomInt } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { hashPassword } from '../../src/accounts/passwords.ts';
import { insertUser } from '../../src/accounts/user-store.ts';
import { buildApp } from '../../src/app.ts';
import { type Composition, compose } from '../../src/composition.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { Role } from '../../src/db/schema.ts';

type Env = Record<string, string>;

export const PASSWORD = 'correct horse battery';

export interface Person {
  id: number;
  email: string;
  token: string;
  cookie: string;
}

/** The whole API on its own database, called through `inject`: real routes, real PostgreSQL. */
export function useTestApi(settings: Env | (() => Promise<Env>) = {}) {
  let deps: Composition;
  let app: Awaited<ReturnType<typeof buildApp>>;
  let people = 0;

  beforeAll(async () => {
    const env = typeof settings === 'function' ? await settings() : settings;
    const url = await freshDatabase();
    const secret = { SECRET_KEY: randomBytes(32).toString('hex') };
    deps = await compose(
      loadConfig({ DATABASE_URL: url, LOG_LEVEL: 'silent', DATABASE_POOL_SIZE: '10', ...secret, ...env }),
    );
    app = await buildApp(deps);
    await app.ready();
  });
  afterAll(async () => {
    await app?.close();
    await deps?.close();
  });

  const call = async (
    method: InjectOptions['method'],
    url: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string>; address?: string } = {},
  ) => {
    const authorization = options.token ? { authorization: `Bearer ${options.token}` } : {};
    const reply = await app.inject({
      method,
      url: `/api${url}`,
      headers: { ...authorization, ...options.headers },
      remoteAddress: options.address ?? '192.0.2.1',
      payload: options.body as InjectOptions['payload'],
    });
    const isJson = String(reply.headers['content-type']).includes('json');
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: isJson ? reply.json() : reply.body,
      cookies: reply.cookies,
    };
  };

  const signIn = async (email: string, password = PASSWORD) => {
    const reply = await call('POST', '/auth/login', {
      body: { email, password },
      address: `198.51.100.${people % 250}`,
    });
    return {
      ...reply,
      token: reply.body.access_token as string,
      cookie: `${reply.cookies[0]?.name}=${reply.cookies[0]?.value}`,
    };
  };

  const person = async (role: Role = 'user'): Promise<Person> => {
    const email = `person-${++people}@lab.example`;
    const user = await insertUser(deps.db, {
      email,
      name: `Person ${people}`,
      role,
      hashed_password: await hashPassword(PASSWORD),
    });
    const { token, cookie } = await signIn(email);
    return { id: user.id, email, token, cookie };
  };

  const ask = async (hostname = 'orange') => {
    const code = String(randomInt(1e8)).padStart(8, '0');
    const reply = await call('POST', '/pair', {
      body: { hostname, code, architecture: 'arm64' },
      address: `203.0.113.${randomInt(250)}`,
    });
    return { code, ...reply.body } as { code: string; robot_id: number; poll_token: string };
  };

  const pairedRobot = async (owner: Person, name?: string) => {
    const { code, robot_id: id, poll_token } = await ask();
    const reply = await call('POST', `/pair/${code}/confirm`, { token: owner.token, body: name ? { name } : {} });
    return { id, code, poll_token, token: reply.body.influxdb_token as string };
  };

  const report = (token: string, lines: string | Buffer, headers: Record<string, string> = {}, query = '') =>
    call('POST', `/metrics${query}`, { token, body: lines, headers: { 'content-type': 'text/plain', ...headers } });

  return { call, signIn, person, ask, pairedRobot, report, deps: () => deps, app: () => app };
}

/** A database of its own on the server that the tests share. @returns its URL */
export async function freshDatabase(): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const server = inject('postgresUrl');
  const client = new pg.Client(server);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return server.replace(/\/postgres$/, `/${name}`);
}
