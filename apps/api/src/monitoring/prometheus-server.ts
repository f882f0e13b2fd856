import { createServer, type Server } from 'node:http';
import type { Telemetry } from './telemetry.ts';

/** `GET /metrics` in Prometheus' text format, on a separate port that robots and browsers cannot reach. */
export function buildPrometheusServer({ registry }: Telemetry): Server {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  });
}
