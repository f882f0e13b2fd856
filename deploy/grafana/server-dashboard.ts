import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The provisioned data source for the server's own metrics. */
const DATASOURCE = { type: 'prometheus', uid: 'robowatch-server' };

interface Query {
  expr: string;
  legend: string;
}

function panel(title: string, unit: string, description: string, ...queries: Query[]): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .height(8)
    .span(12)
    .datasource(DATASOURCE);
  for (const { expr, legend } of queries)
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).datasource(DATASOURCE));
  return builder;
}

const rate = (metric: string) => `rate(${metric}[$__rate_interval])`;
const quantiles = (metric: string): Query[] =>
  [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (${rate(`${metric}_bucket`)}))`,
    legend: `p${quantile * 100}`,
  }));
const mean = (metric: string): Query => ({
  expr: `sum(${rate(`${metric}_sum`)}) / sum(${rate(`${metric}_count`)})`,
  legend: 'mean',
});

/** The server's ingest, from its Prometheus endpoint. */
export const serverDashboard = new DashboardBuilder('Robowatch server')
  .uid('robowatch-server')
  .tags(['robowatch'])
  .refresh('10s')
  .time({ from: 'now-1h', to: 'now' })
  .withRow(new RowBuilder('Throughput'))
  .withPanel(
    panel('Requests', 'reqps', 'Metrics requests by HTTP status.', {
      expr: `sum by (status) (${rate('robowatch_ingest_requests_total')})`,
      legend: '{{status}}',
    }),
  )
  .withPanel(
    panel(
      'Lines',
      'cps',
      'Lines stored, and lines refused, by reason.',
      { expr: `sum(${rate('robowatch_ingest_lines_total')})`, legend: 'stored' },
      { expr: `sum by (reason) (${rate('robowatch_ingest_refused_lines_total')})`, legend: 'refused: {{reason}}' },
    ),
  )
  .withRow(new RowBuilder('Latency'))
  .withPanel(panel('Reply', 's', 'From the first byte to the reply.', ...quantiles('robowatch_ingest_request_seconds')))
  .withPanel(
    panel('Store', 's', 'One write of a batch to the metrics store.', ...quantiles('robowatch_store_write_seconds')),
  )
  .withPanel(
    panel(
      'Waiting',
      's',
      'Time a body waits for its batch to be sent.',
      ...quantiles('robowatch_ingest_waiting_seconds'),
    ),
  )
  .withPanel(
    panel('Event loop', 's', 'Delay of the event loop.', {
      expr: 'nodejs_eventloop_lag_p99_seconds',
      legend: 'p99',
    }),
  )
  .withRow(new RowBuilder('Batching'))
  .withPanel(
    panel(
      'Lines per write',
      'short',
      'Larger batches are cheaper for the store.',
      mean('robowatch_ingest_batch_lines'),
    ),
  )
  .withPanel(panel('Robots per write', 'short', 'Bodies in one batch.', mean('robowatch_ingest_batch_bodies')))
  .withPanel(
    panel('Waiting for the store', 'bytes', 'Beyond INGEST_MAX_PENDING_BYTES, robots get 503.', {
      expr: 'robowatch_ingest_pending_bytes',
      legend: 'bytes',
    }),
  )
  .withPanel(
    panel(
      'Memory',
      'bytes',
      'Memory of the process.',
      { expr: 'process_resident_memory_bytes', legend: 'resident' },
      { expr: 'nodejs_heap_size_used_bytes', legend: 'heap' },
    ),
  )
  .build();
