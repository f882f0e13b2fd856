import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { supersetRobotUrl } from './superset-link';

const DASHBOARD = join(import.meta.dirname, '../../../../deploy/superset/assets/dashboards/robowatch-reliability.yaml');

it('links to the provisioned dashboard, and sets a filter that it has', () => {
  const url = new URL(supersetRobotUrl('https://superset.example/', `O'Brien's arm!`));
  const yaml = readFileSync(DASHBOARD, 'utf8');
  expect(url.pathname).toBe('/superset/dashboard/robowatch-reliability/');
  expect(yaml).toContain('slug: robowatch-reliability');
  expect(yaml).toContain('id: NATIVE_FILTER-robot');
  expect(url.searchParams.get('native_filters')).toContain(`value:!('O!'Brien!'s arm!!')`);
});
