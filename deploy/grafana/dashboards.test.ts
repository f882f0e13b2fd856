import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launch } from '../../apps/api/test/support/server-process.ts';
import { freePort } from '../../tools/real/free-port.ts';
import { startPrometheus } from '../../tools/real/prometheus.ts';
import { provisioned } from './as-grafana/data-source.ts';
import { serverDashboard } from './server-dashboard.ts';
import { dashboardFiles, fileOf } from './write-dashboards.ts';

it('are up to date; `npm run dashboards` generates them', () => {
  for (const [name, text] of Object.entries(dashboardFiles())) expect(readFileSync(fileOf(name), 'utf8')).toBe(text);
});

it('use the provisioned data sources, by uid and type', () => {
  const made = ['influxdb.yaml', 'postgresql.yaml', 'prometheus.yaml'].flatMap((file) => provisioned(file, {}));
  for (const source of made) expect(source).toMatchObject({ access: 'proxy', editable: false });
  const sources = new Set(made.map(({ uid, type }) => `${type} ${uid}`));
  for (const [name, text] of Object.entries(dashboardFiles())) {
    const asked: string[] = [];
    JSON.parse(text, (key, value) => {
      if (key === 'datasource' && value.uid !== '-- Grafana --') asked.push(`${value.type} ${value.uid}`);
      return value;
    });
    expect(asked.length, name).toBeGreaterThan(8);
    expect(sources, name).toEqual(expect.toSatisfy((all: Set<string>) => asked.every((source) => all.has(source))));
  }
});

interface Target {
  expr: string;
}
interface Panel {
  title?: string;
  targets?: Target[];
  panels?: Panel[];
}
const flat = (panels: Panel[]): Panel[] => panels.flatMap((panel) => [panel, ...flat(panel.panels ?? [])]);

it('show the server’s own metrics: every query returns data from a real Prometheus', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'robowatch-dashboards-'));
  const port = await freePort();
  const server = await launch({ env: { DATA_DIR: dir, PROMETHEUS_PORT: String(port) } });
  const prometheus = await startPrometheus(port);
  const token = await server.signIn();
  await server.call('POST', '/pair', { body: { hostname: 'orange', code: '14142135' } });
  const { body } = await server.call('POST', '/pair/14142135/confirm', { token, body: {} });
  const report = () => server.call('POST', '/metrics', { token: body.influxdb_token, body: 'm v=1\nbad\n' });
  const query = async (expr: string) => {
    const asked = expr.replaceAll('$__rate_interval', '10s');
    const reply = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: asked })}`);
    const { status, data } = (await reply.json()) as {
      status: string;
      data: { result: { value: [number, string] }[] };
    };
    expect(status, expr).toBe('success');
    return data.result.map(({ value }) => Number(value[1])).filter(Number.isFinite);
  };
  const queries = flat(serverDashboard.panels as Panel[]).flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr),
  );
  expect(queries.length).toBeGreaterThan(12);
  for (const expr of queries) {
    await expect
      .poll(
        async () => {
          await report();
          return (await query(expr)).length;
        },
        { timeout: 40_000, interval: 500, message: expr },
      )
      .toBeGreaterThan(0);
  }
  await prometheus.stop();
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});
