import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

export function networkTests(given: () => Running): void {
  describe('networks', () => {
    /** Those of the targets that a container in the network can connect to. */
    const reached = async (network: string, targets: string[]) => {
      const probe = 'for t; do timeout 4 bash -c "exec 3<>/dev/tcp/$t" 2>/dev/null && echo "$t" & done; wait';
      const run = ['run', '--rm', '--network', `robowatch_${network}`, 'caddy:2.11.4', 'bash', '-c', probe, 'bash'];
      const found = await given().stack.docker([...run, ...targets.map((target) => target.replace(':', '/'))]);
      return targets.filter((target) => found.split('\n').includes(target.replace(':', '/'))).sort();
    };

    it('lead each part only to what it needs', async () => {
      const possible = {
        'superset-data': ['postgres:5432', 'redis-superset:6379'],
        'superset-web': [],
        'superset-api': ['api:9100'],
        'grafana-data': ['postgres:5432', 'influxdb:8086'],
        'grafana-web': [],
        'grafana-api': ['api:9100'],
        web: ['api:9100', 'client:9101'],
        'api-data': ['postgres:5432', 'redis:6379', 'influxdb:8086', 'api:9100'],
      };
      const targets = [
        ...['postgres:5432', 'redis:6379', 'redis-superset:6379', 'influxdb:8086', 'api:9100', 'client:9101'],
        '1.1.1.1:53',
      ];
      const found = Object.keys(possible).map(async (network) => [network, await reached(network, targets)]);
      expect(Object.fromEntries(await Promise.all(found))).toEqual(
        Object.fromEntries(Object.entries(possible).map(([network, reachable]) => [network, reachable.sort()])),
      );
    });

    it('lead out of the machine from the edge and the server only', async () => {
      const { networks, services } = JSON.parse(await given().stack.compose('config', '--format', 'json'));
      const outside = Object.keys(networks).filter((name) => !networks[name].internal);
      expect(outside.sort()).toEqual(['api-outside', 'outside']);
      const members = (network: string) =>
        Object.keys(services).filter((name) => network in (services[name].networks ?? {}));
      expect(Object.fromEntries(outside.map((name) => [name, members(name)]))).toEqual({
        'api-outside': ['api'],
        outside: ['edge'],
      });
    });

    it('publish neither database nor cache', async () => {
      for (const port of [5432, 6379, 8086, 8088, 3000, 2019]) {
        const outcome = new Promise((resolve) => {
          const socket = connect({ host: given().stack.address, port, timeout: 2000 }, () => resolve('open'));
          for (const end of ['error', 'timeout']) socket.once(end, () => resolve(socket.destroy() && 'closed'));
        });
        expect(await outcome, String(port)).toBe('closed');
      }
    });
  });
}
