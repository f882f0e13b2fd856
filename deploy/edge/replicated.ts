import { randomBytes } from 'node:crypto';
import { callsTo, launch, type ServerProcess } from '../../apps/api/test/support/server-process.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { nameServer } from '../../tools/real/name-server.ts';
import { startEdge } from './start-edge.ts';

const MANY = '1000000';
/** Each on an address of its own, as containers are, and all on the same ports. */
const addressOf = (i: number) => `127.0.0.${i + 2}`;

/**
 * The edge before several real processes of the API on one database. Those that are just away are still found by their
 * name, as containers are that are starting or ending.
 */
export async function startReplicated(count: number, settings: Record<string, string>) {
  const [apiPort, webPort] = [String(await freePort()), String(await freePort())];
  const shared = {
    ...{
      API_PORT: apiPort,
      WEB_PORT: webPort,
      TRUSTED_PROXIES: '127.0.0.1',
      SECRET_KEY: randomBytes(32).toString('hex'),
    },
    ...{ PAIR_REQUESTS_PER_ADDRESS: MANY, PAIR_MAX_LIVE_CODES: MANY, PAIR_MAX_LIVE_CODES_PER_NETWORK: MANY },
    ...settings,
  };
  const replicas: ServerProcess[] = [];
  const runs = ({ child }: ServerProcess) => child.exitCode === null && child.signalCode === null;
  const names = nameServer((name) => (name === 'api' ? replicas.map((_, i) => addressOf(i)) : []));
  await names.start();
  const start = async (i: number) => {
    const replica = await launch({ env: { ...shared, LISTEN_HOST: addressOf(i) } });
    if (!runs(replica)) throw new Error(`The API did not start:\n${replica.output()}`);
    replicas[i] = replica;
  };
  for (let i = 0; i < count; i++) await start(i);
  const edge = await startEdge({ nameServer: names.address(), apiPort, webPort });
  const { call, signIn } = callsTo(`http://${addressOf(0)}:${webPort}`);
  return {
    edge,
    call,
    signIn,
    /** What the edge calls a replica. */
    nameOf: (i: number) => `${addressOf(i)}:${apiPort}`,
    pidOf: (i: number) => replicas[i]?.child.pid as number,
    /** Ends one, and starts it again. */
    async restart(i: number, signal: NodeJS.Signals) {
      await replicas[i]?.end(signal);
      await start(i);
    },
    async pair(token: string, number: number) {
      const code = String(10_000_000 + number);
      await call('POST', '/pair', { body: { hostname: `robot-${number}`, code } });
      const { body } = await call('POST', `/pair/${code}/confirm`, { token, body: {} });
      return { id: body.robot_id as number, token: body.influxdb_token as string };
    },
    async stop() {
      await edge.stop();
      for (const replica of replicas) await replica.end();
      names.stop();
    },
  };
}
