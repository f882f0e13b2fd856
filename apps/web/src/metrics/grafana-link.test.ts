import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { grafanaRobotUrl } from './grafana-link';

const DASHBOARD = join(import.meta.dirname, '../../../../deploy/grafana/dashboards/robowatch-robot.json');

it('links to the provisioned dashboard, and sets a variable that it has', () => {
  const { uid, templating } = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
  const url = new URL(grafanaRobotUrl('https://grafana.example/base/', 7, { from: 1000.4, to: 2000 }));
  expect(url.pathname).toBe(`/base/d/${uid}`);
  const set = [...url.searchParams.keys()].filter((name) => name.startsWith('var-'));
  expect(set).toEqual(['var-robot_id']);
  expect(templating.list.map(({ name }: { name: string }) => `var-${name}`)).toEqual(expect.arrayContaining(set));
  expect(url.searchParams.get('var-robot_id')).toBe('7');
  expect([url.searchParams.get('from'), url.searchParams.get('to')]).toEqual(['1000', '2000']);
});
