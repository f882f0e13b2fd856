import { randomBytes } from 'node:crypto';
import { freePort } from '../../../../tools/real/free-port.ts';
import { launch, type ServerProcess } from '../support/server-process.ts';
import type { Victim } from './chaos.ts';

/** Several API processes on one database and one InfluxDB, which can be killed one by one. */
export async function startReplicas(count: number, settings: Record<string, string>) {
  const shared = { SECRET_KEY: randomBytes(32).toString('hex'), PAIR_REQUESTS_PER_ADDRESS: '10000', ...settings };
  const replicas: { process: ServerProcess; env: Record<string, string> }[] = [];
  for (let i = 0; i < count; i++) {
    const env = { API_PORT: String(await freePort()), WEB_PORT: String(await freePort()), ...shared };
    replicas.push({ process: await launch({ env }), env });
  }
  const endedByItself = () => replicas.find(({ process }) => process.child.exitCode !== null)?.process.output();
  return {
    any: (random: () => number) => replicas[Math.floor(random() * count)]?.process as ServerProcess,
    /** The two ports of each; reports use either. */
    urls: () => replicas.flatMap(({ process, env }) => [process.origin, `http://127.0.0.1:${env.API_PORT}`]),
    victims: replicas.map(
      (replica, i): Victim => ({
        name: count > 1 ? `api-${i + 1}` : 'api',
        kill: () => replica.process.end('SIGKILL'),
        restart: async () => {
          replica.process = await launch({ env: replica.env });
          const failed = endedByItself();
          if (failed !== undefined) throw new Error(`The API did not restart:\n${failed}`);
        },
      }),
    ),
    pids: () => replicas.flatMap(({ process: { child } }) => child.pid ?? []),
    endedByItself,
    end: () => Promise.all(replicas.map(({ process }) => process.end())),
  };
}
