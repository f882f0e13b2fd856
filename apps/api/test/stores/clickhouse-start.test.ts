import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import pino from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { compose } from '../../src/composition.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openStore } from '../../src/stores/open-store.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { useTestApi } from '../support/test-api.ts';

let clickhouse: Awaited<ReturnType<typeof startTestClickHouse>>;
let port: number;
const servers: Server[] = [];
/** Away, until the test lets connections to its port reach ClickHouse. */
const api = useTestApi(async () => {
  clickhouse = await startTestClickHouse();
  port = await freePort();
  return { ...clickhouse.settings, CLICKHOUSE_URL: `http://127.0.0.1:${port}` };
});
afterAll(async () => {
  for (const server of servers) server.close();
  await clickhouse?.stop();
});

const started = (settings: Record<string, string>) => {
  const { url } = api.deps().config.database;
  const env = { DATABASE_URL: url, SECRET_KEY: randomBytes(32).toString('hex'), LOG_LEVEL: 'silent' };
  return compose(loadConfig({ ...env, ...clickhouse.settings, ...settings }));
};

describe('starting', () => {
  it('succeeds while ClickHouse is away: a robot keeps its data, and stores it once ClickHouse is there', async () => {
    const { config, db, store } = api.deps();
    const said: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
    await (await openStore(db, db, config, log)).close();
    expect(said.join()).toContain('ClickHouse at CLICKHOUSE_URL does not respond');
    await expect(store.ready()).rejects.toThrow();
    const robot = await api.pairedRobot(await api.person());
    const report = async () => (await api.report(robot.token, `m v=1 ${Date.now()}`, {}, '?precision=ms')).status;
    expect(await report()).toBe(503);

    const forwarder = createServer((socket) => {
      const to = connect(Number(new URL(clickhouse.url).port), '127.0.0.1');
      for (const one of [socket, to]) one.on('error', () => {});
      socket.pipe(to).pipe(socket);
    });
    servers.push(forwarder.listen(port, '127.0.0.1'));
    await expect.poll(report, { timeout: 30_000 }).toBe(204);
    expect((await clickhouse.pointsOf(robot.id)).length).toBeGreaterThan(0);
  });

  it('without its database fails with a clear message', async () => {
    const sentence = 'ClickHouse has no such database, or not its tables. Run `npm run clickhouse:setup`';
    await expect(started({ CLICKHOUSE_DATABASE: 'none' })).rejects.toThrow(sentence);
  });

  it.each(['reader', 'writer'])('with a wrong password of the %s fails with a clear message', async (account) => {
    // The engine in process has no users: this is what the real server answers to a wrong password.
    const refusing = createHttpServer((request, reply) => {
      const user =
        request.headers['x-clickhouse-user'] ?? atob(String(request.headers.authorization).split(' ')[1] ?? '');
      if (!String(user).includes(account)) return void reply.end('');
      const said = `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)`;
      reply.writeHead(403, { 'x-clickhouse-exception-code': '516' }).end(said);
    });
    servers.push(refusing.listen(0, '127.0.0.1'));
    await once(refusing, 'listening');
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    const sentence = `ClickHouse refuses its ${account}. Run \`npm run clickhouse:setup\`, or check CLICKHOUSE_${account.toUpperCase()}_PASSWORD`;
    await expect(started({ CLICKHOUSE_URL: url })).rejects.toThrow(sentence);
  });
});
