import { afterAll, beforeAll, expect } from 'vitest';
import { useTestApi } from '../../apps/api/test/support/test-api.ts';
import { startSuperset } from '../../tools/real/superset.ts';
import { startWithRoles } from '../postgres/start-with-roles.ts';
import { openSuperset, type Row } from './client.ts';
import { dayOf, knownFleet } from './known-fleet.ts';
import { uuidOf } from './uuid-of.ts';

export const WEB_APP = 'https://robots.lab.example:9101';
/** From before the pairing to the last whole day. */
const PERIOD = `${dayOf(6)} : ${dayOf(0)}`;

type Client = Awaited<ReturnType<typeof openSuperset>>;
export type Filters = Parameters<Client['filtered']>[1];
export type KnownSuperset = ReturnType<typeof useKnownSuperset>;

/** The real Superset on the views of a known fleet, for all tests of a file. */
export function useKnownSuperset() {
  let postgres: Awaited<ReturnType<typeof startWithRoles>>;
  let superset: Awaited<ReturnType<typeof startSuperset>>;
  let client: Client;
  let fleet: Awaited<ReturnType<typeof knownFleet>>;
  let ids: Map<string, number>;
  const api = useTestApi(async () => {
    postgres = await startWithRoles();
    return { DATABASE_URL: postgres.databaseUrl, ROLLUP_DELAY: '10' };
  });
  beforeAll(async () => {
    await postgres.grantViews();
    fleet = await knownFleet(api);
    superset = await startSuperset({ postgres: postgres.superset, webApp: WEB_APP });
    client = await openSuperset(superset.url, superset.password);
    ids = new Map((await client.list('chart')).map(({ uuid, id }) => [uuid, id]));
  });
  afterAll(async () => {
    await superset?.stop();
    await postgres?.stop();
  });

  const idOf = (key: string) => ids.get(uuidOf('chart', key)) as number;
  return {
    superset: () => superset,
    client: () => client,
    fleet: () => fleet,
    /** How many charts there were after the first set-up. */
    count: () => ids.size,
    idOf,
    /** The rows of a chart, of the whole fleet and its whole past days unless told otherwise. */
    show: (key: string, filters: Filters = [], period = PERIOD): Promise<Row[]> =>
      client.filtered(idOf(key), filters, period),
  };
}

export const only = (col: string, ...val: string[]): Filters => [{ col, op: 'IN', val }];
export const robotsOf = (rows: Row[]) => rows.map(({ robot }) => robot);
export const near = (value: number) => expect.closeTo(value, 6);
