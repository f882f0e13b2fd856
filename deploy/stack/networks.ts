import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

export function networkTests(given: () => Running): void {
  describe('networks', () => {
    /** Whether a container in these networks can reach a port. */
    const reaches = (networks: string, target: string) => {
      const [host, port] = target.split(':');
      const command = ['timeout', '4', 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`];
      return given()
        .stack.docker(['run', '--rm', '--network', `robowatch_${networks}`, 'caddy:2.11.4', ...command])
        .then(
          () => true,
          () => false,
        );
    };

    it('lead each part only to what it needs', async () => {
      const possible = {
        'superset-data': ['postgres:5432', 'redis:6379'],
        'superset-web': [],
        'grafana-data': ['postgres:5432', 'influxdb:8086'],
        'grafana-web': [],
        web: ['api:9100', 'client:9101'],
        'api-data': ['postgres:5432', 'redis:6379', 'influxdb:8086', 'api:9100'],
      };
      const targets = ['postgres:5432', 'redis:6379', 'influxdb:8086', 'api:9100', 'client:9101', '1.1.1.1:53'];
      for (const [network, reachable] of Object.entries(possible)) {
        const found = await Promise.all(targets.map((target) => reaches(network, target)));
        expect(targets.filter((_, i) => found[i]).sort(), network).toEqual(reachable.sort());
      }
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
