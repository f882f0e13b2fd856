import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { SEALED_COLUMNS } from '../../src/secrets/sealed-secret-store.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

it('`secret:rotate` covers every sealed column', async () => {
  const { rows } = await sql<{ place: string }>`
    select table_name || '.' || column_name as place from information_schema.columns
    where table_schema = 'public' and data_type = 'bytea' order by 1`.execute(api.deps().db);
  const known = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort();
  expect(rows.map(({ place }) => place)).toEqual(known);
});
