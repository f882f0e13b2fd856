// @vitest-environment node
import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('schema.d.ts matches openapi.json (run `npm run web:types`)', async () => {
  const here = new URL('.', import.meta.url);
  const api = await openapiTS(new URL('../../../api/openapi.json', here));
  expect(readFileSync(new URL('schema.d.ts', here), 'utf8')).toBe(`${COMMENT_HEADER}${astToString(api)}`);
});
