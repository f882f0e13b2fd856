import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '../../../../tools/real/free-port.ts';
import { launch } from '../support/server-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'robowatch-prometheus-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('exposes metrics of the ingest to Prometheus on a separate port', async () => {
  const port = await freePort();
  const server = await launch({ env: { DATA_DIR: dir, PROMETHEUS_PORT: String(port), ROBOT_MAX_SERIES: '3' } });
  const admin = await server.signIn();
  await server.call('POST', '/pair', { body: { hostname: 'orange', code: '16180339' } });
  const { body } = await server.call('POST', '/pair/16180339/confirm', { token: admin, body: {} });
  const token = body.influxdb_token;
  await server.call('POST', '/metrics', { token, body: 'm v=1\nm,a=1 v=2\n' });
  await server.call('POST', '/metrics', { token, body: 'm v="x"\nbad\nm,a=2 v=1\nm,a=3 v=1\nm v=1 1\n' });
  await server.call('POST', '/metrics', { token: 'wrong', body: 'm v=1' });

  const reply = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await reply.text();
  expect(reply.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  for (const line of [
    'robowatch_ingest_requests_total{status="204"} 1',
    'robowatch_ingest_requests_total{status="422"} 1',
    'robowatch_ingest_requests_total{status="401"} 1',
    'robowatch_ingest_lines_total 3',
    'robowatch_ingest_refused_lines_total{reason="malformed"} 1',
    'robowatch_ingest_refused_lines_total{reason="type"} 1',
    'robowatch_ingest_refused_lines_total{reason="limit"} 1',
    'robowatch_ingest_refused_lines_total{reason="time"} 1',
    'robowatch_ingest_batch_lines_count 2',
    'robowatch_store_write_seconds_count 2',
    'robowatch_ingest_pending_bytes 0',
    'robowatch_ingest_writes_in_flight 0',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
  // Not on any other port.
  expect((await fetch(`${server.origin}/api/metrics`)).status).not.toBe(200);
  const second = await launch({ env: { DATA_DIR: join(dir, 'other'), PROMETHEUS_PORT: String(port) } });
  expect(second.output()).toContain(`set PROMETHEUS_PORT to another port`);
  expect(await server.end()).toBe(0);
});
