import { describe, expect, it } from 'vitest';
import type { KnownSuperset } from './known-superset.ts';

export function setUpTests({ superset, client, idOf }: KnownSuperset): void {
  describe('set up again', () => {
    const everything = async () => {
      const lists = await Promise.all((['dataset', 'chart', 'dashboard'] as const).map((kind) => client().list(kind)));
      return lists.flatMap((list, kind) => list.map(({ id, uuid }) => `${kind} ${id} ${uuid}`)).sort();
    };

    it('it changes nothing, keeps what people made, and removes what a former release brought', async () => {
      const before = await everything();
      const dataset = (await client().list('dataset')).find(({ table_name }) => table_name === 'robot_days');
      const chart = { datasource_id: dataset?.id, datasource_type: 'table', viz_type: 'table', params: '{}' };
      const made = async (kind: string, body: object) => {
        const reply = await client().call('POST', `/api/v1/${kind}/`, body);
        expect(reply.status, JSON.stringify(reply.body)).toBe(201);
        return reply.body.id as number;
      };
      const own = [
        await made('chart', { ...chart, slice_name: 'Mine' }),
        await made('dashboard', { dashboard_title: 'Mine', published: true }),
      ];
      const former = [
        await made('chart', { ...chart, slice_name: 'Former', is_managed_externally: true }),
        await made('dashboard', { dashboard_title: 'Former', is_managed_externally: true }),
      ];
      const id = idOf('use-by-owner');
      expect((await client().call('PUT', `/api/v1/chart/${id}`, { slice_name: 'Renamed' })).status).toBe(200);
      await superset().setUp();

      expect((await client().call('GET', `/api/v1/chart/${id}`)).body.result.slice_name).toBe('By owner');
      const kinds = ['chart', 'dashboard'];
      for (const [i, kind] of kinds.entries()) {
        expect((await client().call('GET', `/api/v1/${kind}/${own[i]}`)).status).toBe(200);
        expect((await client().call('GET', `/api/v1/${kind}/${former[i]}`)).status).toBe(404);
        expect((await client().call('DELETE', `/api/v1/${kind}/${own[i]}`)).status).toBe(200);
      }
      expect(await everything()).toEqual(before);
    }, 300_000);
  });
}
