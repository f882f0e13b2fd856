import { describe, expect, it } from 'vitest';
import { openSuperset, type Row } from './client.ts';
import { EXPRESSIONS, sqlMetric } from './hostile-expressions.ts';
import type { KnownSuperset } from './known-superset.ts';
import { DASHBOARDS } from './write-assets.ts';

export function accessTests({ superset, client, fleet, count, idOf }: KnownSuperset): void {
  describe('other users', () => {
    it('see the dashboards with our role, charts with a permission, of their own robots, and nothing without', async () => {
      const security = (path: string) => `/api/v1/security/${path}`;
      const all = async (kind: string) => {
        const found: { id: number; name?: string; permission?: Row; view_menu?: Row }[] = [];
        for (let page = 0, more = 1; more > 0; page++) {
          const { result } = (await client().call('GET', security(`${kind}/?q=(page_size:100,page:${page})`))).body;
          found.push(...result);
          more = result.length;
        }
        return found;
      };
      const roles = await all('roles');
      const [gamma, ours] = ['Gamma', 'Robowatch user'].map((wanted) => roles.find(({ name }) => name === wanted));
      const permissions = (await all('permissions-resources')).filter(
        (one) => one.permission?.name === 'schema_access' && one.view_menu?.name === '[Robowatch].[robowatch].[public]',
      );
      const role = (await client().call('POST', security('roles/'), { name: 'Robowatch reader' })).body.id;
      const granted = { permission_view_menu_ids: permissions.map(({ id }) => id) };
      await client().call('POST', security(`roles/${role}/permissions`), granted);
      const userWith = async (username: string, roles: unknown[]) => {
        const names = { first_name: 'A', last_name: 'Person', email: `${username.replace('@', '-')}@lab.example` };
        const user = { username, password: 'correct horse battery', active: true, roles, ...names };
        expect((await client().call('POST', security('users/'), user)).status).toBe(201);
        return openSuperset(superset().url, user.password, username);
      };
      const without = await userWith('without', [gamma?.id]);
      expect([...(await without.list('chart')), ...(await without.list('dashboard'))]).toEqual([]);
      await expect(without.rowsOf(idOf('rel-disks'))).rejects.toThrow('404');
      const [one, two] = fleet().owners;
      const reader = await userWith(two.email, [gamma?.id, role]);
      expect(await reader.list('chart')).toHaveLength(count());
      expect(await reader.list('dashboard')).toEqual([]);
      const tenant = await userWith('tenant', [ours?.id]);
      expect(await tenant.list('dashboard')).toHaveLength(DASHBOARDS.length);
      expect(await tenant.list('chart')).toEqual([]);
      const disksOf = async (who: typeof reader) =>
        (await who.rowsOf(idOf('rel-disks'))).map(({ robot, path }) => `${robot} ${path}`).sort();
      expect(await disksOf(reader)).toEqual(['base /', 'base /data']);
      expect(await disksOf(await userWith(one.email, [gamma?.id, role]))).toEqual(['arm /', 'arm /data']);
      expect(await disksOf(await userWith('stranger', [gamma?.id, role]))).toEqual([]);
      expect(await client().rowsOf(idOf('rel-disks'))).toHaveLength(4);

      // Whoever may write queries meets what PostgreSQL allows.
      const { result } = (await client().call('GET', `/api/v1/chart/${idOf('rel-worst')}`)).body;
      const { queries, ...asked } = JSON.parse(result.query_context);
      let answered = 0;
      for (const text of EXPRESSIONS) {
        const query = { ...queries[0], columns: [], orderby: [], metrics: [sqlMetric(text)] };
        const { status, body } = await reader.call('POST', '/api/v1/chart/data', { ...asked, queries: [query] });
        // What a query was is part of its answer.
        const told = JSON.stringify(status === 200 ? body.result[0].data : body).replaceAll(text, '');
        expect(told, text).not.toMatch(/\barm\b|Person 1|person-1@|root:x|all\.\d{10}/);
        if (status === 200) answered++;
      }
      expect(answered).toBeGreaterThan(3);
      expect((await reader.call('DELETE', `/api/v1/chart/${idOf('rel-disks')}`)).status).toBe(403);
    });
  });
}
