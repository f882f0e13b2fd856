import { createServer, type Server } from 'node:http';

interface Metrics {
  contentType: string;
  metrics(): Promise<string>;
}

/** `GET /metrics` in Prometheus' text format, on a separate port that robots and browsers cannot reach. */
export function buildPrometheusServer(metrics: Metrics): Server {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    const text = await metrics.metrics().catch(() => undefined);
    if (text === undefined) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  });
}
